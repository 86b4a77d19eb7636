import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { decodeBase64, decodeBase64Url } from './base64.ts';
import { Certificate } from './certificate.ts';
import { CryptoError } from './crypto-error.ts';
import { derBitString, derInteger, derNull, derOid, derSequence } from './der/writer.ts';
import { JsonObject, type JsonValue } from './json.ts';
import { parsePublicKey, publicKeyDer } from './key.ts';
import { Oid } from './oids.ts';

/** A public key as a JSON Web Key (RFC 7518 section 6), members in the order in which go-jose writes them. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string };

/** A member of a JWK Set (RFC 7517 section 4). */
export interface Jwk {
  /** Empty if not given. */
  readonly use: string;
  /** Empty if not given. */
  readonly kid: string;
  /** Undefined for kinds of keys that are not known here, e.g. symmetric ones. A private half is dropped. */
  readonly key: KeyObject | undefined;
  /** The first certificate of `x5c`, whose key is the same. Undefined if the kind of key is not known. */
  readonly certificate: Certificate | undefined;
}

interface Curve {
  readonly oid: string;
  readonly coordinateOctets: number;
}

const CURVES: ReadonlyMap<string, Curve> = new Map([
  ['P-256', { oid: Oid.p256, coordinateOctets: 32 }],
  ['P-384', { oid: Oid.p384, coordinateOctets: 48 }],
  ['P-521', { oid: Oid.p521, coordinateOctets: 66 }],
]);

/** Members whose values must be strings wherever they stand, known kind of key or not. */
const STRING_MEMBERS: readonly string[] = [
  ...['use', 'kid', 'crv', 'alg', 'x5u', 'x5t', 'x5t#S256'],
  ...['k', 'x', 'y', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'],
];

/**
 * Writes the public half of a key.
 *
 * @throws CryptoError `invalid-key` for kinds of keys that have no such form
 */
export function publicKeyToJwk(key: KeyObject): PublicJwk {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const { kty, crv, x, y, n, e } = publicKey.export({ format: 'jwk' });
  if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined) return { kty, crv, x, y };
  if (kty === 'RSA' && n !== undefined && e !== undefined) return { kty, n, e };
  if (kty === 'OKP' && crv !== undefined && x !== undefined) return { kty, crv, x };
  throw new CryptoError('invalid-key', 'key has no JWK form');
}

/**
 * Reads the public key of a JWK.
 *
 * @throws CryptoError `invalid-key` for a broken key or an unknown kind
 */
export function jwkToPublicKey(jwk: JsonValue): KeyObject {
  const { key } = parseJwk(jwk);
  if (key === undefined) throw new CryptoError('invalid-key', 'unsupported kind of JWK');
  return key;
}

/**
 * Reads a JWK as strictly as go-jose does and somewhat more: no name twice, members of the right type, base64url without
 * padding, coordinates as long as the curve, points on it. An unknown `kty` is no error (RFC 7517 section 5).
 *
 * @throws CryptoError `invalid-key`, or `invalid-certificate` for what stands in `x5c`
 */
export function parseJwk(jwk: JsonValue): Jwk {
  if (!(jwk instanceof JsonObject)) throw malformed('not an object');
  if (jwk.hasDuplicates) throw malformed('a name twice');
  for (const name of STRING_MEMBERS) readString(jwk, name);
  const use = readString(jwk, 'use');
  const kid = readString(jwk, 'kid');
  const key = readKey(jwk);
  if (key === undefined) return { use, kid, key, certificate: undefined };
  const certificate = readCertificate(jwk);
  if (certificate !== undefined && Buffer.compare(publicKeyDer(key), certificate.publicKeyDer) !== 0) {
    throw malformed('x5c holds another key');
  }
  checkThumbprint(jwk, 'x5t', 'sha1', certificate);
  checkThumbprint(jwk, 'x5t#S256', 'sha256', certificate);
  return { use, kid, key, certificate };
}

/** Where a thumbprint stands beside a certificate it must be of that one (RFC 7517 sections 4.8 and 4.9). */
function checkThumbprint(
  jwk: JsonObject,
  name: 'x5t' | 'x5t#S256',
  algorithm: 'sha1' | 'sha256',
  certificate: Certificate | undefined,
): void {
  const thumbprint = readString(jwk, name);
  if (thumbprint === '' || certificate === undefined) return;
  if (thumbprint !== hash(algorithm, certificate.der, 'base64url'))
    throw malformed(`${name} is of another certificate`);
}

function readKey(jwk: JsonObject): KeyObject | undefined {
  switch (readString(jwk, 'kty')) {
    case '':
      throw malformed('no kty');
    case 'EC':
      return readEcKey(jwk);
    case 'RSA': {
      const n = readInteger(jwk, 'n');
      const e = readInteger(jwk, 'e');
      const algorithm = derSequence(derOid(Oid.rsaEncryption), derNull());
      return parsePublicKey(derSequence(algorithm, derBitString(derSequence(derInteger(n), derInteger(e)))));
    }
    case 'OKP':
      if (readString(jwk, 'crv') !== 'Ed25519') return undefined;
      return parsePublicKey(derSequence(derSequence(derOid(Oid.ed25519)), derBitString(getBytes(jwk, 'x'))));
    default:
      return undefined;
  }
}

function readEcKey(jwk: JsonObject): KeyObject {
  const curve = CURVES.get(readString(jwk, 'crv'));
  if (curve === undefined) throw malformed('unsupported elliptic curve');
  const x = getBytes(jwk, 'x');
  const y = getBytes(jwk, 'y');
  if (x.length !== curve.coordinateOctets || y.length !== curve.coordinateOctets) {
    throw malformed('coordinate of the wrong length');
  }
  const algorithm = derSequence(derOid(Oid.ecPublicKey), derOid(curve.oid));
  return parsePublicKey(derSequence(algorithm, derBitString(Buffer.concat([Uint8Array.of(4), x, y]))));
}

function readInteger(jwk: JsonObject, name: 'n' | 'e'): bigint {
  return BigInt(`0x0${Buffer.from(getBytes(jwk, name)).toString('hex')}`);
}

function readCertificate(jwk: JsonObject): Certificate | undefined {
  const chain = jwk.get('x5c') ?? null;
  if (chain === null) return undefined;
  if (!Array.isArray(chain)) throw malformed('x5c is not an array');
  const [first] = chain;
  if (first === undefined) return undefined;
  if (typeof first !== 'string') throw malformed('x5c does not hold strings');
  return Certificate.parse(orMalformed(() => decodeBase64(first), 'x5c is not base64'));
}

/** The value of a member that must be there. */
function getBytes(jwk: JsonObject, name: 'x' | 'y' | 'n' | 'e'): Uint8Array {
  const text = readString(jwk, name);
  if (text === '') throw malformed(`no ${name}`);
  return orMalformed(() => decodeBase64Url(text), `${name} is not base64url`);
}

/** Empty if absent or null. */
function readString(jwk: JsonObject, name: string): string {
  const value = jwk.get(name) ?? null;
  if (value === null) return '';
  if (typeof value !== 'string') throw malformed(`${name} is not a string`);
  return value;
}

function orMalformed<T>(decode: () => T, what: string): T {
  try {
    return decode();
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new CryptoError('invalid-key', `malformed JWK: ${what}`, { cause });
  }
}

function malformed(what: string): CryptoError {
  return new CryptoError('invalid-key', `malformed JWK: ${what}`);
}
