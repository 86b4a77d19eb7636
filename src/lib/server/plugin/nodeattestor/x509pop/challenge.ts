import { constants, type KeyObject, randomBytes, verify } from 'node:crypto';
import { decodeBase64 } from '../../../../crypto/base64.ts';
import type { Certificate } from '../../../../crypto/certificate.ts';
import { JsonObject, type JsonValue, parseJson } from '../../../../crypto/json.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';

const NONCE_BYTES = 32;
/** RSA keys under this many bits prove nothing, as in Go. */
const MIN_RSA_BITS = 1024;
/** Answers hold a nonce and a signature. */
const LARGEST_ANSWER_BYTES = 64 * 1024;

/** How a key is to prove itself. */
type Scheme = 'rsa_signature' | 'ecdsa_signature';

/** A challenge to sign with the key of a certificate. It is good for one answer: the nonce is new each time. */
export class Challenge {
  readonly #nonce = randomBytes(NONCE_BYTES);
  readonly #key: KeyObject;
  readonly #scheme: Scheme;

  /** Error: `permission-denied` for a certificate that is not meant for signatures, or whose key cannot make them. */
  constructor(leaf: Certificate) {
    if (leaf.keyUsages?.has('digitalSignature') !== true) {
      throw refused('unable to generate challenge: certificate not intended for digital signature use');
    }
    this.#key = leaf.publicKey;
    this.#scheme = schemeOf(this.#key);
  }

  /** The challenge as the agent gets it. */
  get bytes(): Uint8Array {
    const nonce = { nonce: this.#nonce.toString('base64') };
    const members = { rsa_signature: null, ecdsa_signature: null, [this.#scheme]: nonce };
    return Buffer.from(JSON.stringify(members), 'utf8');
  }

  /**
   * Returns if the answer was made with the key, from this challenge. Errors: `invalid-argument` for one that cannot be
   * read, `permission-denied`.
   */
  verify(answer: Uint8Array): void {
    const response = readResponse(answer, this.#scheme);
    const nonce = response.get('nonce');
    if (nonce?.length !== NONCE_BYTES) throw unverified('invalid response nonce');
    const signed = Buffer.concat([this.#nonce, nonce]);
    switch (this.#scheme) {
      case 'rsa_signature': {
        const signature = response.get('signature') ?? Buffer.alloc(0);
        if (!isSignedByRsa(this.#key, signed, signature)) throw unverified('RSA signature verify failed');
        return;
      }
      case 'ecdsa_signature': {
        const [r, s] = [response.get('r') ?? Buffer.alloc(0), response.get('s') ?? Buffer.alloc(0)];
        if (!isSignedByEcdsa(this.#key, signed, r, s)) throw unverified('ECDSA signature verify failed');
        return;
      }
    }
  }
}

function schemeOf(key: KeyObject): Scheme {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ec') return 'ecdsa_signature';
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS) return 'rsa_signature';
  throw refused(
    type === 'rsa'
      ? `unable to generate challenge: ${details?.modulusLength}-bit RSA keys are insecure`
      : `unable to generate challenge: unsupported public key type ${type}`,
  );
}

/** The values of the one member that counts, by name. */
function readResponse(answer: Uint8Array, scheme: Scheme): ReadonlyMap<string, Uint8Array> {
  const document = read(answer);
  const response = document.get(scheme) ?? null;
  const kind = scheme === 'rsa_signature' ? 'RSA' : 'ECDSA';
  if (response === null) throw unverified(`expecting ${kind} response`);
  if (!(response instanceof JsonObject)) throw unreadable('not an object');
  return new Map([...response.members].map(([name, value]) => [name, decode(value)]));
}

function read(answer: Uint8Array): JsonObject {
  if (answer.length > LARGEST_ANSWER_BYTES) throw unreadable('it is too large');
  let document: JsonValue;
  try {
    document = parseJson(answer);
  } catch (cause) {
    throw unreadable(SpirekitError.from(cause).message, cause);
  }
  if (document instanceof JsonObject) return document;
  throw unreadable('not an object');
}

function decode(value: JsonValue): Uint8Array {
  if (value === null) return new Uint8Array();
  if (typeof value !== 'string') throw unreadable('not bytes in base64');
  try {
    return decodeBase64(value);
  } catch (cause) {
    throw unreadable(SpirekitError.from(cause).message, cause);
  }
}

function isSignedByRsa(key: KeyObject, signed: Uint8Array, signature: Uint8Array): boolean {
  const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return isSigned(signed, { key, ...options }, signature);
}

/** Go writes both numbers without zeros in front. */
function isSignedByEcdsa(key: KeyObject, signed: Uint8Array, r: Uint8Array, s: Uint8Array): boolean {
  const octets = COORDINATE_OCTETS[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (octets === undefined || r.length > octets || s.length > octets) return false;
  const signature = Buffer.alloc(2 * octets);
  signature.set(r, octets - r.length);
  signature.set(s, 2 * octets - s.length);
  return isSigned(signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

const COORDINATE_OCTETS: Readonly<Record<string, number>> = {
  secp224r1: 28,
  prime256v1: 32,
  secp384r1: 48,
  secp521r1: 66,
};

function isSigned(signed: Uint8Array, key: Parameters<typeof verify>[2], signature: Uint8Array): boolean {
  try {
    return verify('sha256', signed, key, signature);
  } catch {
    return false;
  }
}

function unreadable(reason: string, cause?: unknown): SpirekitError {
  return new SpirekitError('invalid-argument', `unable to unmarshal challenge response: ${reason}`, { cause });
}

function unverified(reason: string): SpirekitError {
  return refused(`challenge response verification failed: ${reason}`);
}

function refused(message: string): SpirekitError {
  return new SpirekitError('permission-denied', message);
}
