import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { compactVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { getJwsAlgorithm, isJwsSignatureValid, parseCompactJws, signCompactJws } from '../../../src/lib/crypto/jws.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';

const keys = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'secp521r1' }),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('compact JWS', () => {
  it.each(Object.entries(keys))(
    '%s made here are verified by jose and here',
    async (algorithm, { privateKey, publicKey }) => {
      // Many times: one ECDSA number in 256 has a leading zero, which DER leaves out.
      for (let i = 0; i < (algorithm === 'RS256' ? 3 : 300); i++) {
        const token = await signCompactJws({ alg: algorithm }, { i }, signerFromKey(privateKey));
        expect(isJwsSignatureValid(parseCompactJws(token), publicKey)).toBe(true);
        if (i === 0) expect((await compactVerify(token, publicKey)).protectedHeader.alg).toBe(algorithm);
      }
      expect(getJwsAlgorithm(publicKey)).toBe(algorithm);
    },
  );

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'] as const)(
    '%s made by jose are verified here',
    async (alg) => {
      const pair = alg.startsWith('ES') ? keys[alg as 'ES256'] : keys.RS256;
      const jws = parseCompactJws(await new SignJWT({ a: 1 }).setProtectedHeader({ alg }).sign(pair.privateKey));
      expect(jws.algorithm).toBe(alg);
      expect(isJwsSignatureValid(jws, pair.publicKey)).toBe(true);
      expect(
        isJwsSignatureValid({ ...jws, payload: jws.payload, signingInput: Buffer.from('x') }, pair.publicKey),
      ).toBe(false);
    },
  );

  const signed = (header: object, key: KeyObject): string => {
    const input = `${part(header)}.${part({})}`;
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  };

  it.each([
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['no part', ''],
    ['JSON serialization', JSON.stringify({ payload: '', signatures: [] })],
  ])('with %s are refused as SPIRE refuses them', (_, token) => {
    expect(() => parseCompactJws(token)).toThrow('go-jose/go-jose: compact JWS format must have three parts');
  });

  it.each(['none', 'HS256', 'EdDSA', 'ES256K', 'es256', '', undefined, 1, null])('with alg %j are refused', (alg) => {
    expect(() => parseCompactJws(signed({ alg }, keys.ES256.privateKey))).toThrow(/^unexpected signature algorithm/);
  });

  it.each([
    { crit: [] },
    { crit: ['b64'], b64: true },
    { b64: false },
    { jwk: keys.ES256.publicKey.export({ format: 'jwk' }) },
    { x5c: ['AAAA'] },
  ])('with header %j are refused', (header) => {
    expect(() => parseCompactJws(signed({ alg: 'ES256', ...header }, keys.ES256.privateKey))).toThrow(
      /unsupported header/,
    );
  });

  it('with a header name twice are refused, however deep', () => {
    const header = Buffer.from('{"alg":"ES256","x":{"a":1,"a":2}}').toString('base64url');
    expect(() => parseCompactJws(`${header}.e30.AAAA`)).toThrow(/twice/);
  });

  it('do not verify with a key of another kind or curve', () => {
    const jws = parseCompactJws(signed({ alg: 'ES256' }, keys.ES256.privateKey));
    expect(isJwsSignatureValid(jws, keys.ES256.publicKey)).toBe(true);
    expect(isJwsSignatureValid(jws, keys.ES384.publicKey)).toBe(false);
    expect(isJwsSignatureValid(jws, keys.RS256.publicKey)).toBe(false);
    expect(isJwsSignatureValid({ ...jws, algorithm: 'RS256' }, keys.ES256.publicKey)).toBe(false);
    const p384WithES256 = parseCompactJws(signed({ alg: 'ES256' }, keys.ES384.privateKey));
    expect(isJwsSignatureValid(p384WithES256, keys.ES384.publicKey)).toBe(false);
  });

  it('do not verify with a small RSA key or a long salt', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const input = `${part({ alg: 'RS256' })}.${part({})}`;
    const jws = parseCompactJws(
      `${input}.${sign('sha256', Buffer.from(input), small.privateKey).toString('base64url')}`,
    );
    expect(isJwsSignatureValid(jws, small.publicKey)).toBe(false);

    const pss = `${part({ alg: 'PS256' })}.${part({})}`;
    const withSalt = (saltLength: number): string =>
      sign('sha256', Buffer.from(pss), {
        key: keys.RS256.privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength,
      }).toString('base64url');
    expect(isJwsSignatureValid(parseCompactJws(`${pss}.${withSalt(32)}`), keys.RS256.publicKey)).toBe(true);
    expect(isJwsSignatureValid(parseCompactJws(`${pss}.${withSalt(64)}`), keys.RS256.publicKey)).toBe(false);
  });

  it('longer than any message are refused unread', () => {
    expect(() => parseCompactJws('a'.repeat(5_000_000))).toThrow(/too long/);
  });

  it('are not signed by keys that JWT-SVIDs do not know', () => {
    expect(() => getJwsAlgorithm(generateKeyPairSync('ed25519').publicKey)).toThrow(/signs no tokens/);
  });
});
