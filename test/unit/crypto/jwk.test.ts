import { generateKeyPairSync, hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/lib/crypto/json.ts';
import { jwkToPublicKey, parseJwk, publicKeyToJwk } from '../../../src/lib/crypto/jwk.ts';
import { generateKey, isSamePublicKey } from '../../../src/lib/crypto/key.ts';
import { issueCa } from './test-ca.ts';

const ec = await generateKey('ec-p256');
const jwk = publicKeyToJwk(ec);
const read = (value: unknown) => parseJwk(parseJson(JSON.stringify(value)));

describe('JSON Web Keys', () => {
  it.each([
    ['P-256', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey],
    ['P-521', generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).publicKey],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
    ['Ed25519', generateKeyPairSync('ed25519').publicKey],
  ])('of %s are read back as they were written', (_, key) => {
    expect(isSamePublicKey(jwkToPublicKey(parseJson(JSON.stringify(publicKeyToJwk(key)))), key)).toBe(true);
  });

  it('keep leading zeros of coordinates', () => {
    for (let i = 0; i < 600; i++) {
      const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey;
      const written = publicKeyToJwk(key);
      expect('x' in written && written.x.length).toBe(43);
      if (JSON.stringify(written).includes('"x":"A')) expect(isSamePublicKey(read(written).key ?? ec, key)).toBe(true);
    }
  });

  it('lose their private half', () => {
    expect(read(ec.export({ format: 'jwk' })).key?.type).toBe('public');
    expect(publicKeyToJwk(ec)).not.toHaveProperty('d');
  });

  it.each([
    ['symmetric', { kty: 'oct', k: 'AAAA' }],
    ['post-quantum', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }],
    ['X25519', { kty: 'OKP', crv: 'X25519', x: 'AAAA' }],
  ])('of kinds that are unknown here are no error: %s', (_, value) => {
    expect(read({ ...value, kid: 'k', use: 'sig' })).toMatchObject({ key: undefined, kid: 'k', use: 'sig' });
    expect(() => jwkToPublicKey(parseJson(JSON.stringify(value)))).toThrow(/unsupported/);
  });

  it.each([
    ['without kty', { ...jwk, kty: undefined }],
    ['with a number as kty', { ...jwk, kty: 1 }],
    ['with a number as kid', { ...jwk, kid: 1 }],
    ['on an unknown curve', { ...jwk, crv: 'P-192' }],
    ['with a coordinate missing', { ...jwk, y: undefined }],
    ['with a coordinate too short', { ...jwk, x: 'AAAA' }],
    ['with a padded coordinate', { ...jwk, x: `${'A'.repeat(43)}=` }],
    ['off its curve', { ...jwk, x: 'A'.repeat(43) }],
    ['with RSA parts missing', { kty: 'RSA', e: 'AQAB' }],
    ['with an RSA modulus of zero', { kty: 'RSA', n: 'AA', e: 'AQAB' }],
    ['with an Ed25519 key too short', { kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }],
    ['that are arrays', [jwk]],
    ['that are null', null],
  ])('are refused %s', (_, value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: 'invalid-key' }));
  });

  it('are refused with a name twice', () => {
    const text = JSON.stringify(jwk).replace('{', '{"kty":"RSA",');
    expect(() => parseJwk(parseJson(text))).toThrow(/twice/);
  });

  describe('with certificates', async () => {
    const { certificate } = await issueCa();
    const other = (await issueCa()).certificate;
    const own = publicKeyToJwk(certificate.publicKey);
    const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');

    it('give the first of them', () => {
      expect(read({ ...own, x5c: [base64(certificate.der)] }).certificate?.equals(certificate)).toBe(true);
      const two = read({ ...own, x5c: [base64(certificate.der), base64(other.der)] });
      expect(two.certificate?.equals(certificate)).toBe(true);
    });

    it.each([[[]], [null], [undefined]])('give none for %j', (x5c) => {
      expect(read({ ...own, x5c }).certificate).toBeUndefined();
    });

    it.each([
      ['of another key', { x5c: [base64(other.der)] }],
      ['in base64url', { x5c: [Buffer.from(certificate.der).toString('base64url')] }],
      ['that are no certificates', { x5c: ['AAAA'] }],
      ['that are no array', { x5c: base64(certificate.der) }],
      ['that are numbers', { x5c: [1] }],
      ['with the thumbprint of another', { x5c: [base64(certificate.der)], 'x5t#S256': 'AAAA' }],
    ])('are refused %s', (_, members) => {
      expect(() => read({ ...own, ...members })).toThrow();
    });

    it('may carry their thumbprints', () => {
      const x5t = hash('sha1', certificate.der, 'base64url');
      const x5c = [base64(certificate.der)];
      expect(read({ ...own, x5c, x5t }).certificate).toBeDefined();
    });
  });
});
