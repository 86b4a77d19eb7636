import { sign } from 'node:crypto';
import fc from 'fast-check';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { generateKey } from '../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { Bundle } from '../../../src/lib/spiffe/bundle.ts';
import { parseJwtSvid, parseJwtSvidUnverified, signJwtSvid } from '../../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';

const nowMs = Date.UTC(2026, 0, 1);
const nowSeconds = nowMs / 1000;
const key = await generateKey('ec-p256');
const signer = signerFromKey(key);
const id = SpiffeId.parse('spiffe://example.org/a');
const bundle = new Bundle(id.trustDomain, { jwtAuthorities: new Map([['k', signer.publicKey]]) });

const request = {
  id,
  audience: ['aud1'],
  issuedAt: new Date(nowMs),
  expiresAt: new Date(nowMs + 300_000),
  kid: 'k',
  signer,
};

/** Signs any header and payload, the payload given as JSON text. */
function token(payload: string | object, header: object = {}): string {
  const claims = { sub: id.toString(), aud: 'aud1', exp: nowSeconds + 60 };
  const text = typeof payload === 'string' ? payload : JSON.stringify({ ...claims, ...payload });
  const part = (json: string): string => Buffer.from(json).toString('base64url');
  const input = `${part(JSON.stringify({ alg: 'ES256', kid: 'k', ...header }))}.${part(text)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const parse = (text: string, audience: readonly string[] = ['aud1'], at = nowMs) =>
  parseJwtSvid(text, audience, bundle, { nowMs: at });

describe('signJwtSvid', () => {
  it('makes tokens that are read back', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    const given = fc.record({
      audience: fc.array(text, { minLength: 1, maxLength: 4 }),
      issuer: fc.option(text, { nil: undefined }),
      jti: fc.option(text, { nil: undefined }),
      lifetimeSeconds: fc.integer({ min: 0, max: 1_000_000 }),
    });
    await fc.assert(
      fc.asyncProperty(given, async ({ audience, issuer, jti, lifetimeSeconds }) => {
        const expiresAt = new Date(nowMs + lifetimeSeconds * 1000);
        const made = await signJwtSvid({ ...request, audience, issuer, jti, expiresAt });
        const read = await parse(made.token, [audience.at(-1) ?? '']);
        expect(read.id.equals(id)).toBe(true);
        expect(read.audience).toEqual(audience);
        expect(read.expiry).toEqual(expiresAt);
        expect(read.claims).toEqual(made.claims);
        expect(read.claims['iss']).toBe(issuer);
        expect(read.claims['jti']).toBe(jti);
      }),
      { numRuns: 50 },
    );
  });

  it('writes the header and claims that SPIRE writes, in its order', async () => {
    const made = await signJwtSvid({ ...request, audience: ['a', 'b'], issuer: 'https://i', jti: 'j' });
    const [header, payload] = made.token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    expect(header).toBe('{"alg":"ES256","kid":"k","typ":"JWT"}');
    expect(payload).toBe(
      `{"aud":["a","b"],"exp":${nowSeconds + 300},"iat":${nowSeconds},"iss":"https://i","jti":"j","sub":"spiffe://example.org/a"}`,
    );
  });

  it.each([
    ['ec-p384', 'ES384'],
    ['rsa-2048', 'RS256'],
  ] as const)('signs with %s as %s, which jose verifies', async (type, alg) => {
    const own = signerFromKey(await generateKey(type));
    const made = await signJwtSvid({ ...request, signer: own, algorithm: alg });
    const { protectedHeader } = await jwtVerify(made.token, own.publicKey, {
      audience: 'aud1',
      currentDate: new Date(nowMs),
    });
    expect(protectedHeader.alg).toBe(alg);
  });

  it.each([
    ['no audience', { audience: [] }],
    ['an empty audience', { audience: [''] }],
    ['no key ID', { kid: '' }],
    ['an algorithm that the key does not make', { algorithm: 'RS256' as const }],
  ])('refuses %s', async (_, overrides) => {
    await expect(signJwtSvid({ ...request, ...overrides })).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

describe('parseJwtSvid', () => {
  it('takes tokens of jose', async () => {
    const made = await new SignJWT({ extra: { deep: [1] } })
      .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'JOSE' })
      .setSubject(id.toString())
      .setAudience('aud1')
      .setExpirationTime(nowSeconds + 60)
      .sign(key);
    expect((await parse(made)).claims['extra']).toEqual({ deep: [1] });
  });

  it('forgives a line break behind the token, and none elsewhere', async () => {
    const made = token({});
    expect((await parse(`${made}\n`)).token).toBe(made);
    expect((await parse(`${made}\r\n`)).token).toBe(made);
    await expect(parse(`\n${made}`)).rejects.toThrow(/unable to parse JWT token/);
    await expect(parse(made.replace('.', '.\n'))).rejects.toThrow(/unable to parse JWT token/);
  });

  it.each([
    [
      'nothing to parse',
      'bogus',
      'unable to parse JWT token: go-jose/go-jose: compact JWS format must have three parts',
    ],
    ['no kid', token({}, { kid: undefined }), 'token header missing key id'],
    ['an empty kid', token({}, { kid: '' }), 'token header missing key id'],
    ['a number as kid', token({}, { kid: 1 }), /unable to parse JWT token/],
    ['another typ', token({}, { typ: 'wit+jwt' }), 'token header type not equal to either JWT or JOSE'],
    ['null as typ', token({}, { typ: null }), 'token header type not equal to either JWT or JOSE'],
    ['no sub', token({ sub: undefined }), 'token missing subject claim'],
    ['no exp', token({ exp: null }), 'token missing exp claim'],
    [
      'a sub that is no SPIFFE ID',
      token({ sub: 'x' }),
      'token has in invalid subject claim: scheme is missing or invalid',
    ],
    ['a foreign sub', token({ sub: 'spiffe://other.org/a' }), 'no keys found for trust domain "other.org"'],
    ['an unknown kid', token({}, { kid: 'x' }), 'public key "x" not found in trust domain "example.org"'],
    ['another audience', token({ aud: ['aud2'] }), 'expected audience in ["aud1"] (audience=["aud2"])'],
    ['no audience', token({ aud: [] }), 'expected audience in ["aud1"] (audience=[])'],
    ['a number as audience', token({ aud: [1] }), /expected string or array value to unmarshal to Audience/],
    ['null as audience', token({ aud: null }), /expected string or array value to unmarshal to Audience/],
    ['text as exp', token({ exp: '1' }), /expected number value to unmarshal NumericDate/],
    ['an exp beyond 64 bits', token(`{"sub":"${id}","aud":"aud1","exp":1e300}`), /NumericDate/],
    ['a number as jti', token({ jti: 1 }), /"jti" is not a string/],
    ['an nbf in the future', token({ nbf: nowSeconds + 61 }), /not valid yet/],
    ['an iat in the future', token({ iat: nowSeconds + 61 }), /issued in the future/],
    ['an array as payload', token('[]'), /not an object/],
    ['a claim twice', token(`{"sub":"${id}","sub":"${id}","aud":"aud1","exp":9999999999}`), /twice/],
    ['a claim twice within another', token(`{"sub":"${id}","aud":"aud1","exp":9999999999,"x":{"a":1,"a":1}}`), /twice/],
  ])('refuses %s', async (_, made, message) => {
    const refused = parse(made);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: 'invalid-jwt-svid' });
  });

  it('refuses a changed payload', async () => {
    const [header, , signature] = token({}).split('.');
    const [, payload] = token({ sub: 'spiffe://example.org/b' }).split('.');
    await expect(parse([header, payload, signature].join('.'))).rejects.toThrow('error in cryptographic primitive');
  });

  it('grants a minute to clocks that differ, and no more', async () => {
    const made = token({ exp: nowSeconds, nbf: nowSeconds, iat: nowSeconds });
    await expect(parse(made, ['aud1'], nowMs + 60_000)).resolves.toBeDefined();
    await expect(parse(made, ['aud1'], nowMs + 60_001)).rejects.toThrow('token has expired');
    await expect(parse(made, ['aud1'], nowMs - 60_000)).resolves.toBeDefined();
    await expect(parse(made, ['aud1'], nowMs - 60_001)).rejects.toThrow(/not valid yet/);
  });

  it('needs one of the validator’s audiences, and at least one to look for', async () => {
    const made = token({ aud: ['x', 'aud1'] });
    expect((await parse(made, ['y', 'aud1'])).audience).toEqual(['x', 'aud1']);
    await expect(parse(made, [])).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('holds expiries that no Date holds to the last Date', async () => {
    expect((await parse(token({ exp: 2 ** 62 }))).expiry.getTime()).toBe(8.64e15);
  });
});

describe('parseJwtSvidUnverified', () => {
  it('checks all but the signature', async () => {
    const made = token({}).replace(/[^.]*$/, 'AAAA');
    expect(parseJwtSvidUnverified(made, ['aud1'], { nowMs }).id.equals(id)).toBe(true);
    expect(() => parseJwtSvidUnverified(made, ['aud2'], { nowMs })).toThrow(/expected audience/);
    expect(() => parseJwtSvidUnverified(made, ['aud1'], { nowMs: nowMs + 200_000 })).toThrow('token has expired');
  });
});
