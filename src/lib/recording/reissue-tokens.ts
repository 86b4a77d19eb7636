import { createPublicKey, randomBytes } from 'node:crypto';
import { Certificate } from '../crypto/certificate.ts';
import { publicKeyToJwk } from '../crypto/jwk.ts';
import { getJwsAlgorithm, signCompactJws } from '../crypto/jws.ts';
import { publicKeyDer } from '../crypto/key.ts';
import { signerFromKey } from '../crypto/signer.ts';
import type { RecordedJwks } from './recorded-answer.ts';
import type { ReissueOptions, Reissuer } from './reissuer.ts';

/** Of a JWK and of the set around it, what says nothing about the key. */
const KEPT_OF_KEYS = ['use', 'alg'] as const;
const KEPT_OF_SETS = ['spiffe_sequence', 'spiffe_refresh_hint'] as const;

/** Claims that are kept where names are replaced; the values of some are names themselves. */
const TIMES = ['exp', 'iat', 'nbf'] as const;

/** A JWK set with a fresh key for each of its keys, under the same IDs. Text that is no set becomes as much of nothing. */
export async function reissueJwks(
  jwks: RecordedJwks,
  options: ReissueOptions,
  reissuer: Reissuer,
): Promise<RecordedJwks> {
  if (typeof jwks === 'string') return 'x'.repeat(jwks.length);
  const keys = jwks['keys'];
  const made = Array.isArray(keys)
    ? await Promise.all(keys.map((key: unknown) => reissueJwk(key, options, reissuer)))
    : undefined;
  return { ...pick(jwks, KEPT_OF_SETS), ...(made === undefined ? {} : { keys: made }) };
}

async function reissueJwk(jwk: unknown, options: ReissueOptions, reissuer: Reissuer): Promise<unknown> {
  if (!isObject(jwk)) return null;
  const kid = typeof jwk['kid'] === 'string' ? jwk['kid'] : undefined;
  const named = kid === undefined ? {} : { kid: renamed(kid, 'key', options) };
  const kept = { ...pick(jwk, KEPT_OF_KEYS), ...named };
  let spki: Uint8Array;
  try {
    spki = publicKeyDer(createPublicKey({ format: 'jwk', key: jwk }));
  } catch {
    // What cannot be read cannot be replaced.
    return { kty: typeof jwk['kty'] === 'string' ? jwk['kty'].slice(0, 8) : 'none', ...kept };
  }
  const [encoded] = Array.isArray(jwk['x5c']) ? jwk['x5c'] : [];
  const certificate = typeof encoded === 'string' ? findCertificate(encoded) : undefined;
  const key = await (certificate === undefined ? options.keys.forJwk(kid ?? '', spki) : options.keys.forKey(spki));
  if (certificate === undefined) return { ...publicKeyToJwk(key), ...kept };
  reissuer.learn([certificate]);
  const made = await reissuer.reissue(certificate);
  return { ...publicKeyToJwk(key), ...kept, x5c: [Buffer.from(made.der).toString('base64')] };
}

/**
 * A token with the same claims, signed by the fresh key of its key ID, and its times shifted. Text that is no token becomes
 * other text of the same length.
 */
export async function reissueToken(token: string, options: ReissueOptions): Promise<string> {
  const parts = token.split('.');
  const [header, payload] = [findJson(parts[0]), findJson(parts[1])];
  if (parts.length !== 3 || header === undefined || payload === undefined) {
    return randomBytes(token.length).toString('base64url').slice(0, token.length);
  }
  const kid = typeof header['kid'] === 'string' ? header['kid'] : '';
  const signer = signerFromKey(await options.keys.forToken(kid, String(header['alg'])));
  const made = {
    alg: getJwsAlgorithm(signer.publicKey),
    ...(kid === '' ? {} : { kid: renamed(kid, 'key', options) }),
    ...(typeof header['typ'] === 'string' ? { typ: header['typ'].slice(0, 64) } : {}),
  };
  return signCompactJws(made, reissueClaims(payload, options), signer);
}

/** Claims with their times shifted and, where names are replaced, nothing but the well-known ones. */
export function reissueClaims(
  claims: Readonly<Record<string, unknown>>,
  options: ReissueOptions,
): Readonly<Record<string, unknown>> {
  const seconds = Math.round(options.shiftMs / 1000);
  const times = Object.fromEntries(
    TIMES.flatMap((name) => {
      const value = claims[name];
      return typeof value === 'number' ? [[name, value + seconds]] : name in claims ? [[name, value]] : [];
    }),
  );
  const { pseudonyms } = options;
  if (pseudonyms === undefined) return { ...claims, ...times };
  const audience = claims['aud'];
  return {
    ...('sub' in claims ? { sub: pseudonyms.id(String(claims['sub'])) } : {}),
    ...('aud' in claims
      ? {
          aud: Array.isArray(audience)
            ? audience.map((each) => pseudonyms.word('audience', String(each)))
            : pseudonyms.word('audience', String(audience)),
        }
      : {}),
    ...('iss' in claims ? { iss: pseudonyms.word('issuer', String(claims['iss'])) } : {}),
    ...('jti' in claims ? { jti: pseudonyms.word('token', String(claims['jti'])) } : {}),
    ...times,
  };
}

function renamed(name: string, kind: string, { pseudonyms }: ReissueOptions): string {
  return pseudonyms === undefined ? name : pseudonyms.word(kind, name);
}

function pick(object: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (name in object ? [[name, object[name]]] : [])));
}

function findJson(part: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function findCertificate(base64: string): Certificate | undefined {
  try {
    return Certificate.parse(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
