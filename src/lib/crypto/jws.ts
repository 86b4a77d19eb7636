import { constants, type KeyObject, verify } from 'node:crypto';
import { decodeBase64Url, encodeBase64Url } from './base64.ts';
import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { JsonObject, parseJson, toPlainJson } from './json.ts';
import { getDefaultSignatureAlgorithm } from './signature-algorithm.ts';
import type { Signer } from './signer.ts';

/** The signature algorithms of the JWT-SVID standard (section 2.1), all of RFC 7518 section 3. */
export const JWS_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const;
export type JwsAlgorithm = (typeof JWS_ALGORITHMS)[number];

/** A signed token taken apart; nothing about it is verified but its form and algorithm. */
export interface Jws {
  readonly header: JsonObject;
  readonly algorithm: JwsAlgorithm;
  readonly payload: Uint8Array;
  /** What the signature is over. */
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

interface Parameters {
  readonly digest: 'sha256' | 'sha384' | 'sha512';
  /** The curve that RFC 7518 section 3.4 ties to the algorithm. */
  readonly curve?: { readonly name: string; readonly coordinateOctets: number };
  readonly isPss?: boolean;
}

const PARAMETERS: Readonly<Record<JwsAlgorithm, Parameters>> = {
  ES256: { digest: 'sha256', curve: { name: 'prime256v1', coordinateOctets: 32 } },
  ES384: { digest: 'sha384', curve: { name: 'secp384r1', coordinateOctets: 48 } },
  ES512: { digest: 'sha512', curve: { name: 'secp521r1', coordinateOctets: 66 } },
  RS256: { digest: 'sha256' },
  RS384: { digest: 'sha384' },
  RS512: { digest: 'sha512' },
  PS256: { digest: 'sha256', isPss: true },
  PS384: { digest: 'sha384', isPss: true },
  PS512: { digest: 'sha512', isPss: true },
};

/** Longer tokens are refused unread: no gRPC message of the Workload API is longer. */
const MAX_TOKEN_LENGTH = 4 * 1024 * 1024;

/** RSA keys that sign tokens have at least this many bits (RFC 7518 section 3.3). */
const MIN_RSA_BITS = 2048;

/**
 * Takes a token in compact serialization apart (RFC 7515 section 7.1). base64url must be canonical; the header must be an
 * object without a name twice, whose `alg` is one of {@link JWS_ALGORITHMS}. Tokens that ask for extensions (`crit`, `b64`)
 * or bring their own key (`jwk`, `x5c`) are refused.
 *
 * @throws CryptoError `invalid-encoding`
 */
export function parseCompactJws(token: string): Jws {
  if (token.length > MAX_TOKEN_LENGTH) throw malformed('token is too long');
  const parts = token.split('.', 4);
  const [headerPart, payloadPart, signaturePart] = parts;
  if (parts.length !== 3 || headerPart === undefined || payloadPart === undefined || signaturePart === undefined) {
    throw malformed('go-jose/go-jose: compact JWS format must have three parts');
  }
  const header = parseJson(decodeBase64Url(headerPart));
  if (!(header instanceof JsonObject)) throw malformed('header is not an object');
  const algorithm = readAlgorithm(header);
  // Two readers could see two values of a name that comes twice, at any depth.
  toPlainJson(header);
  for (const name of ['crit', 'b64', 'jwk', 'x5c']) {
    if (header.get(name) !== undefined) throw malformed(`unsupported header "${name}"`);
  }
  return {
    header,
    algorithm,
    payload: decodeBase64Url(payloadPart),
    signingInput: Buffer.from(`${headerPart}.${payloadPart}`, 'latin1'),
    signature: decodeBase64Url(signaturePart),
  };
}

/** True if the key is of the algorithm's kind and made the signature. */
export function isJwsSignatureValid(jws: Jws, key: KeyObject): boolean {
  const { digest, curve, isPss = false } = PARAMETERS[jws.algorithm];
  const details = key.asymmetricKeyDetails;
  if (curve !== undefined) {
    return (
      key.asymmetricKeyType === 'ec' &&
      details?.namedCurve === curve.name &&
      jws.signature.length === 2 * curve.coordinateOctets &&
      verify(digest, jws.signingInput, { key, dsaEncoding: 'ieee-p1363' }, jws.signature)
    );
  }
  if (key.asymmetricKeyType !== 'rsa' || (details?.modulusLength ?? 0) < MIN_RSA_BITS) return false;
  // The salt is exactly as long as the hash (RFC 7518 section 3.5); Go takes any length.
  const padding = isPss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { padding: constants.RSA_PKCS1_PADDING };
  return verify(digest, jws.signingInput, { key, ...padding }, jws.signature);
}

/**
 * What a signer makes: RS256 by RSA, ES256, ES384, ES512 by the curve.
 *
 * @throws CryptoError `invalid-key` for a key that signs no tokens
 */
export function getJwsAlgorithm(key: KeyObject): JwsAlgorithm {
  const { keyType, digest } = getDefaultSignatureAlgorithm(key);
  if (keyType === 'rsa') return 'RS256';
  if (keyType === 'ec' && digest === 'sha256') return 'ES256';
  if (keyType === 'ec' && digest === 'sha384') return 'ES384';
  if (keyType === 'ec' && digest === 'sha512') return 'ES512';
  throw new CryptoError('invalid-key', 'key signs no tokens');
}

/** Signs a token. The members of both objects come out in the order in which they are given. */
export async function signCompactJws(
  header: Readonly<Record<string, string>>,
  payload: Readonly<Record<string, unknown>>,
  signer: Signer,
): Promise<string> {
  const { curve } = PARAMETERS[getJwsAlgorithm(signer.publicKey)];
  const input = `${encodeJson(header)}.${encodeJson(payload)}`;
  const signature = await signer.sign(Buffer.from(input, 'latin1'));
  return `${input}.${encodeBase64Url(curve === undefined ? signature : toFixedLength(signature, curve.coordinateOctets))}`;
}

function readAlgorithm(header: JsonObject): JwsAlgorithm {
  const alg = header.get('alg');
  const algorithm = JWS_ALGORITHMS.find((known) => known === alg);
  if (algorithm !== undefined) return algorithm;
  const expected = JWS_ALGORITHMS.map((known) => `"${known}"`).join(' ');
  throw malformed(
    `unexpected signature algorithm ${JSON.stringify(typeof alg === 'string' ? alg : '')}; expected [${expected}]`,
  );
}

/** Turns the DER of an ECDSA signature into the two numbers side by side (RFC 7518 section 3.4). */
function toFixedLength(der: Uint8Array, octets: number): Uint8Array {
  const reader = new DerReader(der);
  const sequence = reader.readSequence();
  reader.end();
  const numbers = [sequence.readInteger(), sequence.readInteger()];
  sequence.end();
  return Buffer.concat(numbers.map((number) => Buffer.from(number.toString(16).padStart(octets * 2, '0'), 'hex')));
}

function encodeJson(value: unknown): string {
  return encodeBase64Url(Buffer.from(JSON.stringify(value), 'utf8'));
}

function malformed(what: string): CryptoError {
  return new CryptoError('invalid-encoding', what);
}
