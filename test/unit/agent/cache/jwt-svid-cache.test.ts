import { describe, expect, test } from 'vitest';
import { type CachedJwtSvid, JwtSvidCache, jwtSvidKey } from '../../../../src/lib/agent/cache/jwt-svid-cache.ts';
import { DUE_NOW } from '../../../../src/lib/runtime/due-time.ts';
import { entry } from '../support.ts';

function svid(keyId: string): CachedJwtSvid {
  return { token: keyId, keyId, issuedAtMs: 0, expiresAtMs: 1, renewAt: DUE_NOW };
}

describe('JwtSvidCache', () => {
  test('makes room by dropping what was longest unused', () => {
    const cache = new JwtSvidCache(2);
    cache.set('a', svid('1'));
    cache.set('b', svid('1'));
    cache.find('a');
    cache.set('c', svid('1'));
    expect([cache.find('a'), cache.find('b'), cache.find('c')].map((one) => one !== undefined)).toEqual([
      true,
      false,
      true,
    ]);
    expect(cache.size).toBe(2);
  });

  test('keeps no token that a workload has made huge', () => {
    const cache = new JwtSvidCache(0);
    cache.set('a', { ...svid('1'), token: 'x'.repeat(20_000) });
    expect(cache.size).toBe(0);
  });

  test('forgets what a key has signed', () => {
    const cache = new JwtSvidCache(0);
    cache.set('a', svid('tainted'));
    cache.set('b', svid('good'));
    expect(cache.dropSignedBy(new Set(['tainted']))).toBe(1);
    expect([cache.find('a'), cache.find('b')?.token]).toEqual([undefined, 'good']);
  });
});

describe('jwtSvidKey', () => {
  test('does not depend on the order of audiences', () => {
    expect(jwtSvidKey(entry({ id: 'a' }), ['x', 'y'])).toBe(jwtSvidKey(entry({ id: 'a' }), ['y', 'x']));
  });

  test('tells apart what must not be mistaken', () => {
    const keys = [
      jwtSvidKey(entry({ id: 'a' }), ['x', 'y']),
      jwtSvidKey(entry({ id: 'a' }), ['x,y']),
      jwtSvidKey(entry({ id: 'b' }), ['x', 'y']),
      jwtSvidKey(entry({ id: 'a', revisionNumber: 1n }), ['x', 'y']),
      jwtSvidKey(entry({ id: 'a', createdAtSeconds: 2n }), ['x', 'y']),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
