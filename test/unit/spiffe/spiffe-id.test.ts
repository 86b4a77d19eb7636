import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';

const td = TrustDomain.parse('example.org');
const name = fc.stringMatching(/^[a-z0-9._-]{1,40}$/);
const segment = fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/).filter((text) => text !== '.' && text !== '..');

describe('SpiffeId', () => {
  it('is printed as it was parsed', () => {
    fc.assert(
      fc.property(name, fc.array(segment, { maxLength: 5 }), (trustDomain, segments) => {
        const text = ['spiffe:/', trustDomain, ...segments].join('/');
        const id = SpiffeId.parse(text);
        expect(id.toString()).toBe(text);
        expect(id.trustDomain.name).toBe(trustDomain);
        expect(id.equals(SpiffeId.fromSegments(id.trustDomain, ...segments))).toBe(true);
        expect(id.equals(SpiffeId.fromPath(id.trustDomain, id.path))).toBe(true);
      }),
    );
  });

  it('takes nothing outside its alphabet', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (text) => {
        try {
          expect(SpiffeId.parse(`spiffe://${text}`).toString()).toMatch(
            /^spiffe:\/\/[a-z0-9._-]+(\/[a-zA-Z0-9._-]+)*$/,
          );
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-spiffe-id' });
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['', 'cannot be empty'],
    ['Spiffe://a/b', 'scheme is missing or invalid'],
    ['spiffe:///a', 'trust domain is missing'],
    ['spiffe://A/b', /^trust domain characters are limited/],
    ['spiffe://a/', 'path cannot have a trailing slash'],
    ['spiffe://a//', 'path cannot contain empty segments'],
    ['spiffe://a/b/', 'path cannot have a trailing slash'],
    ['spiffe://a/../b', 'path cannot contain dot segments'],
    ['spiffe://a/b\n', /^path segment characters are limited/],
    ['spiffe://a/%62', /^path segment characters are limited/],
  ])('refuses %j with the sentence of go-spiffe', (text, message) => {
    expect(() => SpiffeId.parse(text)).toThrow(message);
  });

  it('has at most 2048 bytes', () => {
    const prefix = 'spiffe://example.org/';
    expect(SpiffeId.parse(prefix + 'a'.repeat(2048 - prefix.length)).path).toHaveLength(
      2048 - 'spiffe://example.org'.length,
    );
    expect(() => SpiffeId.parse(prefix + 'a'.repeat(2049 - prefix.length))).toThrow(/longer than 2048/);
    expect(() => SpiffeId.fromPath(td, `/${'a'.repeat(2048)}`)).toThrow(/longer than 2048/);
  });

  it('is not joined from segments that hold a slash', () => {
    expect(() => SpiffeId.fromSegments(td, 'a/b')).toThrow(/^path segment characters/);
    expect(() => SpiffeId.fromSegments(td, '')).toThrow(/empty segments/);
    expect(() => SpiffeId.fromPath(td, 'a')).toThrow('path must have a leading slash');
    expect(SpiffeId.fromSegments(td).toString()).toBe('spiffe://example.org');
  });

  it('belongs to its own trust domain only', () => {
    const id = SpiffeId.parse('spiffe://example.org/a');
    expect(id.isMemberOf(td)).toBe(true);
    expect(id.isMemberOf(TrustDomain.parse('sub.example.org'))).toBe(false);
    expect(id.equals(SpiffeId.parse('spiffe://other.org/a'))).toBe(false);
    expect(id.equals(SpiffeId.parse('spiffe://example.org/A'))).toBe(false);
  });
});

describe('TrustDomain', () => {
  it('is parsed from a name or a whole ID', () => {
    expect(TrustDomain.parse('spiffe://example.org/a/b').equals(td)).toBe(true);
    expect(TrustDomain.parse('spiffe://example.org').toString()).toBe('example.org');
    expect(td.id().toString()).toBe('spiffe://example.org');
  });

  it.each(['', 'spiffe://', 'EXAMPLE.org', 'example.org/', 'http://example.org', 'a b', 'a'.repeat(256), 'é', 'a\n'])(
    'is not parsed from %j',
    (text) => {
      expect(() => TrustDomain.parse(text)).toThrow(expect.objectContaining({ code: 'invalid-trust-domain' }));
    },
  );

  it.each(['1.2.3.4', '999.999.999.999', '..dots..', '-', 'a'.repeat(255)])(
    'takes %s for a name like any other',
    (text) => {
      expect(TrustDomain.parse(text).name).toBe(text);
    },
  );
});
