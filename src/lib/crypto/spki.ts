import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { Tag } from './der/tags.ts';
import { Oid } from './oids.ts';

/** What a SubjectPublicKeyInfo says about its key, before OpenSSL sees it. */
export interface PublicKeyInfo {
  readonly algorithm: 'rsa' | 'ec' | 'ed25519' | 'unknown';
  /** Dotted identifier of an EC key's named curve. */
  readonly curve: string | undefined;
  /** Bits of an RSA modulus. */
  readonly modulusBits: number | undefined;
  /** The contents of the subjectPublicKey bit string. */
  readonly bitString: Uint8Array;
}

/** Octets of an uncompressed point by curve: the marker 04 and two coordinates. */
const POINT_OCTETS: ReadonlyMap<string, number> = new Map([
  [Oid.p224, 1 + 2 * 28],
  [Oid.p256, 1 + 2 * 32],
  [Oid.p384, 1 + 2 * 48],
  [Oid.p521, 1 + 2 * 66],
]);

/**
 * Reads the form of a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). For RSA, EC and Ed25519 the one canonical form is
 * demanded (RFC 3279 section 2.3.1, RFC 5480 section 2, RFC 8410 section 3): named curves, uncompressed points, RSA with
 * NULL parameters. Whether a point lies on its curve is OpenSSL's to say.
 *
 * @throws CryptoError `invalid-key`
 */
export function parsePublicKeyInfo(spki: Uint8Array): PublicKeyInfo {
  try {
    return parse(spki);
  } catch (cause) {
    if (!(cause instanceof CryptoError) || cause.code === 'invalid-key') throw cause;
    throw new CryptoError('invalid-key', `malformed public key: ${cause.message}`, { cause });
  }
}

function parse(spki: Uint8Array): PublicKeyInfo {
  const outer = new DerReader(spki);
  const info = outer.readSequence();
  outer.end();
  const algorithm = info.readSequence();
  const bitString = info.readOctetBitString();
  info.end();
  switch (algorithm.readOid()) {
    case Oid.rsaEncryption:
      if (algorithm.read(Tag.null).length !== 0) throw malformed('RSA parameters');
      algorithm.end();
      return { algorithm: 'rsa', curve: undefined, modulusBits: readModulusBits(bitString), bitString };
    case Oid.ecPublicKey: {
      const curve = algorithm.readOid();
      algorithm.end();
      const octets = POINT_OCTETS.get(curve);
      if (octets === undefined) throw malformed('unsupported elliptic curve');
      if (bitString.length !== octets || bitString[0] !== 4) throw malformed('elliptic curve point');
      return { algorithm: 'ec', curve, modulusBits: undefined, bitString };
    }
    case Oid.ed25519:
      algorithm.end();
      if (bitString.length !== 32) throw malformed('Ed25519 key length');
      return { algorithm: 'ed25519', curve: undefined, modulusBits: undefined, bitString };
    default:
      return { algorithm: 'unknown', curve: undefined, modulusBits: undefined, bitString };
  }
}

/** An RSAPublicKey (RFC 8017 appendix A.1.1) with a positive modulus and exponent. */
function readModulusBits(bitString: Uint8Array): number {
  const outer = new DerReader(bitString);
  const key = outer.readSequence();
  outer.end();
  const modulus = key.readInteger();
  const exponent = key.readInteger();
  key.end();
  if (modulus <= 0n || exponent <= 0n) throw malformed('RSA key is not positive');
  return modulus.toString(2).length;
}

function malformed(what: string): CryptoError {
  return new CryptoError('invalid-key', `malformed public key: ${what}`);
}
