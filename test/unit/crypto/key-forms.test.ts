import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { decodeProtectedHeader, exportJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/lib/crypto/json.ts';
import { jwkToPublicKey, parseJwk, publicKeyToJwk } from '../../../src/lib/crypto/jwk.ts';
import { isJwsSignatureValid, parseCompactJws, signCompactJws } from '../../../src/lib/crypto/jws.ts';
import { parsePkcs8, parsePublicKey, privateKeyToPkcs8, publicKeyDer } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';

const KEYS: readonly KeyObject[] = [
  ...['P-256', 'P-384', 'P-521'].map((namedCurve) => generateKeyPairSync('ec', { namedCurve }).privateKey),
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
];
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const key = fc.constantFrom(...KEYS);
const jwkOf = (given: KeyObject, more: object = {}) => parseJson(JSON.stringify({ ...publicKeyToJwk(given), ...more }));

describe('keys', () => {
  it('come back from each form in which they are written, the private half only where it is meant to be', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KEYS, ed25519), fc.string(), fc.string(), (given, kid, use) => {
        expect(parsePkcs8(privateKeyToPkcs8(given)).equals(given)).toBe(true);
        const publicKey = createPublicKey(given);
        expect(parsePublicKey(publicKeyDer(given)).equals(publicKey)).toBe(true);
        expect(jwkToPublicKey(jwkOf(given)).equals(publicKey)).toBe(true);
        expect(parseJwk(jwkOf(given, { kid, use, d: 'AA' }))).toMatchObject({ kid, use, key: { type: 'public' } });
      }),
      { numRuns: 30 },
    );
  });

  it('are to jose what they are to us', async () => {
    await fc.assert(
      fc.asyncProperty(key, async (given) => {
        expect(await exportJWK(createPublicKey(given))).toMatchObject(publicKeyToJwk(given));
      }),
      { numRuns: 8 },
    );
  });

  it('are refused as keys when a byte is another, or are other keys', () => {
    fc.assert(
      fc.property(key, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, change) => {
        for (const [parse, der] of [
          [parsePkcs8, privateKeyToPkcs8(given)],
          [parsePublicKey, publicKeyDer(given)],
        ] as const) {
          const bytes = Uint8Array.from(der);
          bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ change;
          try {
            if (parse === parsePublicKey) expect(Buffer.from(publicKeyDer(parse(bytes)))).toEqual(Buffer.from(bytes));
            else parse(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid-key' });
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('of unknown kinds are skipped in a set, and members of the wrong type refused', () => {
    const member = fc.constantFrom('use', 'kid', 'crv', 'alg', 'x', 'y', 'n', 'e', 'd', 'k');
    fc.assert(
      fc.property(
        member,
        fc.oneof(fc.integer(), fc.boolean(), fc.array(fc.string())),
        fc.string({ minLength: 1 }),
        (name, value, kty) => {
          fc.pre(!['EC', 'RSA', 'OKP'].includes(kty));
          const malformed = expect.objectContaining({ code: 'invalid-key' });
          expect(() => parseJwk(parseJson(JSON.stringify({ kty, [name]: value })))).toThrow(malformed);
          expect(parseJwk(parseJson(JSON.stringify({ kty, [name]: 'text' }))).key).toBeUndefined();
        },
      ),
    );
  });
});

describe('tokens', () => {
  const claims = fc
    .dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
    .map((all) => ({ ...all, sub: 'x' }));

  it('are read as they were signed, by us and by jose, and by no other key', async () => {
    await fc.assert(
      fc.asyncProperty(key, key, claims, fc.string(), async (signing, other, payload, kid) => {
        const header = {
          alg:
            signing.asymmetricKeyType === 'rsa'
              ? 'RS256'
              : `ES${{ prime256v1: 256, secp384r1: 384, secp521r1: 512 }[signing.asymmetricKeyDetails?.namedCurve ?? '']}`,
          kid,
        };
        const token = await signCompactJws(header, payload, signerFromKey(signing));
        const jws = parseCompactJws(token);
        expect(JSON.parse(Buffer.from(jws.payload).toString())).toEqual(JSON.parse(JSON.stringify(payload)));
        expect(decodeProtectedHeader(token)).toEqual(header);
        expect(isJwsSignatureValid(jws, createPublicKey(signing))).toBe(true);
        expect(isJwsSignatureValid(jws, createPublicKey(other))).toBe(other === signing);
      }),
      { numRuns: 40 },
    );
  });

  it('are refused as malformed when a character is cut, doubled or another', async () => {
    const [signing] = KEYS;
    if (signing === undefined) throw new Error('no key');
    const token = await signCompactJws({ alg: 'ES256', kid: 'k' }, { sub: 'x' }, signerFromKey(signing));
    const publicKey = createPublicKey(signing);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('', '.', '=', 'A', '_', '+', ' '), (at, text) => {
        const changed = token.slice(0, at) + text + token.slice(at + 1);
        fc.pre(changed !== token);
        try {
          expect(isJwsSignatureValid(parseCompactJws(changed), publicKey)).toBe(false);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-encoding' });
        }
      }),
      { numRuns: 500 },
    );
  });
});
