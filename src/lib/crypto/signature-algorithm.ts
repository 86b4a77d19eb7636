import { constants, type KeyObject, type SignKeyObjectInput, verify } from 'node:crypto';
import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { derExplicit, derInteger, derNull, derOid, derSequence } from './der/writer.ts';
import { Oid } from './oids.ts';

/** A way to sign certificates and requests. SHA-1 and MD5 are not among them. */
export interface SignatureAlgorithm {
  readonly keyType: 'rsa' | 'ec' | 'ed25519';
  /** Null where the algorithm hashes by itself. */
  readonly digest: Digest | null;
  readonly isPss: boolean;
  /** The AlgorithmIdentifier. */
  readonly der: Uint8Array;
}

type Digest = 'sha256' | 'sha384' | 'sha512';

/** An algorithm whose identifier is encoded when it is first needed: most programs need one or two of them. */
class KnownAlgorithm implements SignatureAlgorithm {
  readonly keyType: SignatureAlgorithm['keyType'];
  readonly digest: Digest | null;
  readonly isPss: boolean;
  readonly #encode: () => Uint8Array;
  #der: Uint8Array | undefined;

  constructor(keyType: SignatureAlgorithm['keyType'], digest: Digest | null, encode: () => Uint8Array, isPss = false) {
    this.keyType = keyType;
    this.digest = digest;
    this.isPss = isPss;
    this.#encode = encode;
  }

  get der(): Uint8Array {
    this.#der ??= this.#encode();
    return this.#der;
  }
}

const RSA: Readonly<Record<Digest, SignatureAlgorithm>> = {
  sha256: rsa('sha256', Oid.sha256WithRsa),
  sha384: rsa('sha384', Oid.sha384WithRsa),
  sha512: rsa('sha512', Oid.sha512WithRsa),
};
const ECDSA: Readonly<Record<Digest, SignatureAlgorithm>> = {
  sha256: ecdsa('sha256', Oid.ecdsaWithSha256),
  sha384: ecdsa('sha384', Oid.ecdsaWithSha384),
  sha512: ecdsa('sha512', Oid.ecdsaWithSha512),
};
const ED25519: SignatureAlgorithm = new KnownAlgorithm('ed25519', null, () => derSequence(derOid(Oid.ed25519)));

/** The likeliest first. */
const ALL: readonly SignatureAlgorithm[] = [
  ECDSA.sha256,
  ECDSA.sha384,
  ECDSA.sha512,
  RSA.sha256,
  RSA.sha384,
  RSA.sha512,
  ED25519,
  rsaPss('sha256', Oid.sha256, 32),
  rsaPss('sha384', Oid.sha384, 48),
  rsaPss('sha512', Oid.sha512, 64),
  // Readers must also take RSA without its NULL (RFC 4055 section 5).
  new KnownAlgorithm('rsa', 'sha256', () => derSequence(derOid(Oid.sha256WithRsa))),
  new KnownAlgorithm('rsa', 'sha384', () => derSequence(derOid(Oid.sha384WithRsa))),
  new KnownAlgorithm('rsa', 'sha512', () => derSequence(derOid(Oid.sha512WithRsa))),
];

/**
 * What a key signs with when nobody says otherwise, as Go's x509 picks it.
 *
 * @throws CryptoError `invalid-key` for a key that signs nothing here
 */
export function getDefaultSignatureAlgorithm(key: KeyObject): SignatureAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return RSA.sha256;
    case 'ed25519':
      return ED25519;
    case 'ec': {
      const curve = key.asymmetricKeyDetails?.namedCurve;
      if (curve === 'prime256v1') return ECDSA.sha256;
      if (curve === 'secp384r1') return ECDSA.sha384;
      if (curve === 'secp521r1') return ECDSA.sha512;
      break;
    }
  }
  throw new CryptoError('invalid-key', 'unsupported kind of signing key');
}

/** The algorithm of an AlgorithmIdentifier; undefined if it is unknown, oddly encoded or too weak. */
export function findSignatureAlgorithm(der: Uint8Array): SignatureAlgorithm | undefined {
  return ALL.find((algorithm) => Buffer.compare(algorithm.der, der) === 0);
}

/** Throws unless the bytes are an AlgorithmIdentifier of some kind. */
export function checkAlgorithmIdentifier(der: Uint8Array): void {
  const outer = new DerReader(der);
  const sequence = outer.readSequence();
  outer.end();
  sequence.readOid();
  if (!sequence.isAtEnd) sequence.readAny();
  sequence.end();
}

/**
 * The key in the form in which node:crypto signs and verifies by this algorithm. Its defaults (DER for ECDSA, PKCS#1 v1.5)
 * are what X.509 wants; a bare key saves it 10 microseconds of reading options.
 */
export function keyForAlgorithm(algorithm: SignatureAlgorithm, key: KeyObject): KeyObject | SignKeyObjectInput {
  if (!algorithm.isPss) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}

/** RSA keys under this many bits verify nothing, as in Go. Issuing has a higher bar. */
const MIN_RSA_BITS = 1024;

/** True if the key made the signature over the data. Never throws for bad signatures or keys of another kind. */
export function isSignatureValid(
  algorithm: SignatureAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
  key: KeyObject,
): boolean {
  if (key.asymmetricKeyType !== algorithm.keyType) return false;
  if (algorithm.keyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) return false;
  try {
    return verify(algorithm.digest, data, keyForAlgorithm(algorithm, key), signature);
  } catch {
    return false;
  }
}

function rsa(digest: Digest, oid: string): SignatureAlgorithm {
  return new KnownAlgorithm('rsa', digest, () => derSequence(derOid(oid), derNull()));
}

function ecdsa(digest: Digest, oid: string): SignatureAlgorithm {
  return new KnownAlgorithm('ec', digest, () => derSequence(derOid(oid)));
}

/** RSASSA-PSS with one hash throughout and a salt as long as the hash, the only parameters in use (RFC 4055 section 3.1). */
function rsaPss(digest: Digest, hashOid: string, saltOctets: number): SignatureAlgorithm {
  const encode = (): Uint8Array => {
    const hash = derSequence(derOid(hashOid), derNull());
    const parameters = derSequence(
      derExplicit(0, hash),
      derExplicit(1, derSequence(derOid(Oid.mgf1), hash)),
      derExplicit(2, derInteger(saltOctets)),
    );
    return derSequence(derOid(Oid.rsaPss), parameters);
  };
  return new KnownAlgorithm('rsa', digest, encode, true);
}
