import type { KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { publicKeyToJwk } from '../../../src/lib/crypto/jwk.ts';
import { generateKey, isSamePublicKey } from '../../../src/lib/crypto/key.ts';
import {
  Bundle,
  formatBundleDocument,
  formatJwks,
  parseBundleDocument,
  parseJwks,
} from '../../../src/lib/spiffe/bundle.ts';
import { BundleSet } from '../../../src/lib/spiffe/bundle-set.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { issueCa } from '../crypto/test-ca.ts';

const td = TrustDomain.parse('example.org');
const [keyA, keyB, rsa] = await Promise.all([generateKey('ec-p256'), generateKey('ec-p384'), generateKey('rsa-2048')]);
const cas = [(await issueCa()).certificate, (await issueCa()).certificate];
const jwk = (use: string | undefined, kid: string | undefined, key: KeyObject = keyA) => ({
  ...publicKeyToJwk(key),
  use,
  kid,
});
const document = (keys: unknown, members: object = {}): string => JSON.stringify({ keys, ...members });
const x5c = (certificate = cas[0]) => [Buffer.from(certificate?.der ?? []).toString('base64')];
const root = { ...publicKeyToJwk(cas[0]?.publicKey ?? keyA), use: 'x509-svid' };

describe('bundle documents', () => {
  it('F39: keep each root once, in the order of the document, without comparing every root with every other', () => {
    const compared = vi.spyOn(Certificate.prototype, 'equals');
    const picks = fc.array(fc.constantFrom(...cas), { maxLength: 30 });
    fc.assert(
      fc.property(picks, (roots) => {
        compared.mockClear();
        const keys = roots.map((ca) => ({ ...publicKeyToJwk(ca.publicKey), use: 'x509-svid', x5c: x5c(ca) }));
        const read = parseBundleDocument(td, document(keys)).x509Authorities;
        expect(compared.mock.calls.length).toBeLessThanOrEqual(roots.length);
        expect(read.map(({ der }) => Buffer.from(der))).toEqual([...new Set(roots)].map(({ der }) => Buffer.from(der)));
      }),
    );
    compared.mockRestore();
  });

  it('are read back as they were written', () => {
    const contents = fc.record({
      x509Authorities: fc.uniqueArray(fc.constantFrom(...cas)),
      jwtAuthorities: fc.dictionary(fc.string({ minLength: 1 }), fc.constantFrom(keyA, keyB, rsa)),
      witAuthorities: fc.dictionary(fc.string({ minLength: 1 }), fc.constantFrom(keyA, keyB)),
      sequenceNumber: fc.option(fc.bigInt(0n, 2n ** 64n - 1n), { nil: undefined }),
      refreshHint: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), { nil: undefined }),
    });
    fc.assert(
      fc.property(contents, (given) => {
        const jwtAuthorities = new Map(Object.entries(given.jwtAuthorities));
        const witAuthorities = new Map(Object.entries(given.witAuthorities));
        const bundle = new Bundle(td, { ...given, jwtAuthorities, witAuthorities });
        const read = parseBundleDocument(td, formatBundleDocument(bundle));
        expect(formatBundleDocument(read)).toBe(formatBundleDocument(bundle));
        expect(read.sequenceNumber).toBe(given.sequenceNumber);
        expect(read.refreshHint).toBe(given.refreshHint);
        expect(read.x509Authorities.length).toBe(given.x509Authorities.length);
        expect([...read.jwtAuthorities.keys()]).toEqual([...jwtAuthorities.keys()]);

        const jwks = parseJwks(td, formatJwks(bundle));
        expect([...jwks.jwtAuthorities.keys()]).toEqual([...jwtAuthorities.keys()]);
        expect(jwks.x509Authorities).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('look as SPIRE prints them', () => {
    const bundle = new Bundle(td, { jwtAuthorities: new Map([['k', keyA]]), sequenceNumber: 3n, refreshHint: 300n });
    const { x, y } = { x: '', y: '', ...publicKeyToJwk(keyA) };
    expect(formatBundleDocument(bundle)).toBe(
      [
        '{',
        '    "keys": [',
        '        {',
        '            "use": "jwt-svid",',
        '            "kty": "EC",',
        '            "kid": "k",',
        '            "crv": "P-256",',
        `            "x": "${x}",`,
        `            "y": "${y}"`,
        '        }',
        '    ],',
        '    "spiffe_sequence": 3,',
        '    "spiffe_refresh_hint": 300',
        '}',
      ].join('\n'),
    );
    expect(formatBundleDocument(new Bundle(td))).toBe('{\n    "keys": []\n}');
    expect(formatJwks(bundle)).not.toContain('use');
  });

  it('without keys are valid and trust nothing', () => {
    const bundle = parseBundleDocument(td, document([]));
    expect(bundle.x509Authorities).toEqual([]);
    expect(bundle.jwtAuthorities.size).toBe(0);
    expect(bundle.sequenceNumber).toBeUndefined();
  });

  it('have keys of unknown kind or use, and X.509 keys without a certificate, skipped', () => {
    const keys = [
      { kty: 'AKP', use: 'jwt-svid', kid: 'pq' },
      jwk('JWT-SVID', 'case'),
      jwk('sig', 'other'),
      jwk(undefined, 'none'),
      { ...root },
      { ...root, x5c: [] },
      { ...root, kty: 'AKP', x5c: x5c() },
      { ...root, x5c: x5c() },
      { ...root, x5c: x5c() },
      jwk('jwt-svid', 'k'),
      jwk('wit-svid', 'w'),
    ];
    const bundle = parseBundleDocument(td, document(keys));
    expect(bundle.x509Authorities).toHaveLength(1);
    expect([...bundle.jwtAuthorities.keys()]).toEqual(['k']);
    expect([...bundle.witAuthorities.keys()]).toEqual(['w']);
  });

  it('keep the last of two keys of one ID', () => {
    const bundle = parseBundleDocument(td, document([jwk('jwt-svid', 'k', keyA), jwk('jwt-svid', 'k', keyB)]));
    expect(isSamePublicKey(bundle.jwtAuthorities.get('k') ?? keyA, keyB)).toBe(true);
  });

  it.each([
    ['no keys', '{}'],
    ['null for keys', document(null)],
    ['an object for keys', document({})],
    ['a key without ID', document([jwk('jwt-svid', undefined)])],
    ['a key with an empty ID', document([jwk('jwt-svid', '')])],
    ['a key with a name twice', document([jwk('jwt-svid', 'k')]).replace('"kid"', '"kid":"x","kid"')],
    ['a key off its curve', document([{ ...jwk('jwt-svid', 'k'), x: 'A'.repeat(43) }])],
    ['the certificate of another key', document([{ ...root, x5c: x5c(cas[1]) }])],
    ['a sequence number that is text', document([], { spiffe_sequence: '1' })],
    ['a sequence number with a fraction', document([], { spiffe_sequence: 1.5 })],
    ['a negative sequence number', document([], { spiffe_sequence: -1 })],
    ['a sequence number over 64 bits', '{"keys":[],"spiffe_sequence":18446744073709551616}'],
    ['a refresh hint that is text', document([], { spiffe_refresh_hint: '1' })],
    ['an array at the top', '[]'],
    ['a byte order mark', `\ufeff${document([])}`],
    ['text after it', `${document([])}x`],
  ])('are refused with %s', (_, text) => {
    expect(() => parseBundleDocument(td, text)).toThrow(expect.objectContaining({ code: 'invalid-bundle' }));
  });

  it('larger than any bundle are refused unread', () => {
    expect(() => parseBundleDocument(td, new Uint8Array(17 * 1024 * 1024))).toThrow(/too large/);
  });
});

describe('JWK sets of the Workload API', () => {
  it('hold JWT keys whatever their use, but not those of other SVIDs', () => {
    const keys = [
      jwk(undefined, 'a'),
      jwk('sig', 'b'),
      jwk('jwt-svid', 'c'),
      jwk('x509-svid', 'd'),
      jwk('wit-svid', 'e'),
    ];
    expect([...parseJwks(td, document(keys)).jwtAuthorities.keys()]).toEqual(['a', 'b', 'c']);
  });

  it('may be empty as Go writes it', () => {
    expect(parseJwks(td, document(null)).jwtAuthorities.size).toBe(0);
  });

  it('are refused if a key has no ID', () => {
    expect(() => parseJwks(td, document([jwk(undefined, undefined)]))).toThrow('keyID cannot be empty');
    expect(() => parseJwks(td, '[]')).toThrow(/not an object/);
  });
});

describe('bundles as sources', () => {
  const bundle = new Bundle(td, { x509Authorities: cas, jwtAuthorities: new Map([['k', keyA]]) });
  const other = TrustDomain.parse('other.org');

  it.each([
    ['alone', bundle],
    ['in a set', new BundleSet([new Bundle(td), bundle])],
  ])('answer for their own trust domain only, %s', (_, source) => {
    expect(source.getX509Bundle(td)).toEqual(cas);
    expect(source.findJwtBundle(td)?.has('k')).toBe(true);
    expect(() => source.getX509Bundle(other)).toThrow('no X.509 bundle for trust domain "other.org"');
    expect(source.findJwtBundle(other)).toBeUndefined();
  });
});
