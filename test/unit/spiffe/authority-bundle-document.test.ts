import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publicKeyToJwk } from '../../../src/lib/crypto/jwk.ts';
import { generateKey, publicKeyDer } from '../../../src/lib/crypto/key.ts';
import type { AuthorityBundle } from '../../../src/lib/spiffe/authority-bundle.ts';
import { formatAuthorityBundle, parseAuthorityBundle } from '../../../src/lib/spiffe/authority-bundle-document.ts';
import { SpiffeError } from '../../../src/lib/spiffe/spiffe-error.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { issueCa } from '../crypto/test-ca.ts';

const trustDomain = TrustDomain.parse('far.org');
const roots = [(await issueCa()).certificate, (await issueCa()).certificate].map(({ der }) => new Uint8Array(der));
const key = await generateKey('ec-p256');
const spkis = [key, await generateKey('rsa-2048')].map((each) => new Uint8Array(publicKeyDer(each)));

const authority = (certificate: Uint8Array) => ({ certificate, tainted: false });
const keyAuthorities = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.constantFrom(...spkis))
  .map((byId) => Object.entries(byId))
  .map((entries) => entries.map(([keyId, publicKey]) => ({ keyId, publicKey, expiresAtSeconds: 0, tainted: false })));
const bundles: fc.Arbitrary<AuthorityBundle> = fc.record({
  trustDomain: fc.constant(trustDomain),
  x509Authorities: fc.uniqueArray(fc.constantFrom(...roots)).map((picked) => picked.map(authority)),
  jwtAuthorities: keyAuthorities,
  witAuthorities: keyAuthorities,
  refreshHintSeconds: fc.nat(2 ** 31 - 1),
  sequenceNumber: fc.bigInt(0n, 2n ** 64n - 1n),
});

describe('the document of a bundle', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(bundles, (bundle) => {
        const read = parseAuthorityBundle(trustDomain, Buffer.from(formatAuthorityBundle(bundle)));
        expect(formatAuthorityBundle(read)).toBe(formatAuthorityBundle(bundle));
        expect(read).toMatchObject({
          refreshHintSeconds: bundle.refreshHintSeconds,
          sequenceNumber: bundle.sequenceNumber,
        });
      }),
    );
  });

  test('says no number that is 0, and carries no taint', () => {
    const bundle: AuthorityBundle = {
      trustDomain,
      x509Authorities: [{ certificate: roots[0] ?? new Uint8Array(), tainted: true }],
      jwtAuthorities: [],
      witAuthorities: [],
      refreshHintSeconds: 0,
      sequenceNumber: 0n,
    };
    const text = formatAuthorityBundle(bundle);
    expect(Object.keys(JSON.parse(text))).toEqual(['keys']);
    expect(parseAuthorityBundle(trustDomain, Buffer.from(text)).x509Authorities[0]?.tainted).toBe(false);
  });

  test.each([
    ['-1', 0],
    ['0', 0],
    ['60', 60],
    ['9223372036854775807', 2 ** 31 - 1],
  ])('F39: with the refresh hint %s means %d seconds', (hint, seconds) => {
    const text = `{"keys":[],"spiffe_refresh_hint":${hint}}`;
    expect(parseAuthorityBundle(trustDomain, Buffer.from(text)).refreshHintSeconds).toBe(seconds);
  });

  test('is a bundle, or is refused, whatever the bytes', () => {
    const jwk = JSON.stringify({ ...publicKeyToJwk(key), use: 'jwt-svid', kid: 'k' });
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((more) => `{"keys":[${jwk}${more}]}`),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(parseAuthorityBundle(trustDomain, Buffer.from(given)).trustDomain).toBe(trustDomain);
        } catch (error) {
          expect(error).toBeInstanceOf(SpiffeError);
        }
      }),
    );
  });
});
