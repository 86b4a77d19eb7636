import type { KeyObject } from 'node:crypto';
import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { contextConstructed, contextPrimitive, Tag } from './der/tags.ts';
import {
  type Extension,
  type KeyUsage,
  parseAuthorityKeyId,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseExtensions,
  parseKeyUsage,
  parseSubjectKeyId,
} from './extensions.ts';
import { NO_NAMES, parseSubjectAltNames } from './general-names.ts';
import { parsePublicKey } from './key.ts';
import { Name } from './name.ts';
import { type NameConstraints, parseNameConstraints } from './name-constraints.ts';
import { Oid } from './oids.ts';
import { pemDecodeAll, pemEncode } from './pem.ts';
import { checkAlgorithmIdentifier, findSignatureAlgorithm, isSignatureValid } from './signature-algorithm.ts';

/** The fields of the signed part (TBSCertificate), in their order. */
interface Fields {
  readonly der: Uint8Array;
  readonly tbsDer: Uint8Array;
  readonly version: number;
  readonly serialNumber: bigint;
  readonly signatureAlgorithmDer: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly subject: Name;
  readonly publicKeyDer: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
}

/**
 * A parsed X.509 certificate (RFC 5280). Immutable. Parsing checks the encoding of everything in it; whether the key is a
 * good one shows when {@link publicKey} is asked for, and signatures are looked at by {@link isSignedBy} alone.
 */
export class Certificate {
  /** The whole certificate. */
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbsDer: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Never negative. */
  readonly serialNumber: bigint;
  readonly subject: Name;
  readonly issuer: Name;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The subject's public key as SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Whether there is a basic constraints extension at all. */
  readonly hasBasicConstraints: boolean;
  readonly isCa: boolean;
  /** How many CA certificates may stand between this one and a leaf; undefined means any number. */
  readonly pathLength: number | undefined;
  /** Undefined when there is no such extension. */
  readonly keyUsages: ReadonlySet<KeyUsage> | undefined;
  /** Names of known usages, dotted identifiers of others; undefined when there is no such extension. */
  readonly extendedKeyUsages: readonly string[] | undefined;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  /** 4 or 16 octets each. */
  readonly ipAddresses: readonly Uint8Array[];
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /** Critical extensions that nobody here understands: such a certificate must not be trusted (RFC 5280 section 4.2). */
  readonly unhandledCriticalExtensions: readonly string[];
  readonly #signatureAlgorithmDer: Uint8Array;
  readonly #signature: Uint8Array;
  #publicKey: KeyObject | undefined;

  private constructor(fields: Fields) {
    this.der = fields.der;
    this.tbsDer = fields.tbsDer;
    this.version = fields.version;
    this.serialNumber = fields.serialNumber;
    this.subject = fields.subject;
    this.issuer = fields.issuer;
    this.notBeforeMs = fields.notBeforeMs;
    this.notAfterMs = fields.notAfterMs;
    this.publicKeyDer = fields.publicKeyDer;
    this.#signatureAlgorithmDer = fields.signatureAlgorithmDer;
    this.#signature = fields.signature;

    const { extensions } = fields;
    const get = <T>(oid: string, parse: (extension: Extension) => T): T | undefined => {
      const extension = extensions.get(oid);
      return extension === undefined ? undefined : parse(extension);
    };
    const basicConstraints = get(Oid.basicConstraints, ({ value }) => parseBasicConstraints(value));
    const names = get(Oid.subjectAltName, ({ value }) => parseSubjectAltNames(value)) ?? NO_NAMES;
    this.extensions = extensions;
    this.hasBasicConstraints = basicConstraints !== undefined;
    this.isCa = basicConstraints?.isCa ?? false;
    this.pathLength = basicConstraints?.pathLength;
    this.keyUsages = get(Oid.keyUsage, ({ value }) => parseKeyUsage(value));
    this.extendedKeyUsages = get(Oid.extendedKeyUsage, ({ value }) => parseExtendedKeyUsage(value));
    this.uris = names.uris;
    this.dnsNames = names.dnsNames;
    this.emailAddresses = names.emailAddresses;
    this.ipAddresses = names.ipAddresses;
    this.subjectKeyId = get(Oid.subjectKeyIdentifier, parseSubjectKeyId);
    this.authorityKeyId = get(Oid.authorityKeyIdentifier, parseAuthorityKeyId);
    this.nameConstraints = get(Oid.nameConstraints, ({ value }) => parseNameConstraints(value));
    this.unhandledCriticalExtensions = [...extensions.values()]
      .filter((extension) => extension.isCritical && !this.#handles(extension.oid))
      .map((extension) => extension.oid);
  }

  /**
   * @param der one certificate and nothing after it; copied
   * @throws CryptoError `invalid-certificate`
   */
  static parse(der: Uint8Array): Certificate {
    return orInvalid(() => {
      const outer = new DerReader(der);
      const certificate = Buffer.from(outer.readElement(Tag.sequence));
      outer.end();
      return new Certificate(parseFields(certificate));
    });
  }

  /**
   * Parses certificates that follow each other with nothing in between, as in the Workload API. May be empty.
   *
   * @throws CryptoError `invalid-certificate`
   */
  static parseAll(concatenatedDer: Uint8Array): Certificate[] {
    return orInvalid(() => {
      const reader = new DerReader(concatenatedDer);
      const certificates: Certificate[] = [];
      while (!reader.isAtEnd) {
        certificates.push(new Certificate(parseFields(Buffer.from(reader.readElement(Tag.sequence)))));
      }
      return certificates;
    });
  }

  /**
   * Parses every CERTIFICATE block of a PEM file; blocks of other kinds are skipped. May be empty.
   *
   * @throws CryptoError `invalid-certificate`, or `invalid-encoding` for a broken block
   */
  static parsePem(pem: string | Uint8Array): Certificate[] {
    return pemDecodeAll(pem)
      .filter(({ label }) => label === 'CERTIFICATE')
      .map(({ der }) => Certificate.parse(der));
  }

  get notBefore(): Date {
    return new Date(this.notBeforeMs);
  }

  get notAfter(): Date {
    return new Date(this.notAfterMs);
  }

  /**
   * The subject's key, read when first asked for.
   *
   * @throws CryptoError `invalid-key`
   */
  get publicKey(): KeyObject {
    this.#publicKey ??= parsePublicKey(this.publicKeyDer);
    return this.#publicKey;
  }

  /** True if the key made this certificate's signature. False also for algorithms that are unknown or too weak. */
  isSignedBy(issuerKey: KeyObject): boolean {
    const algorithm = findSignatureAlgorithm(this.#signatureAlgorithmDer);
    return algorithm !== undefined && isSignatureValid(algorithm, this.tbsDer, this.#signature, issuerKey);
  }

  /** True if both are the same bytes. */
  equals(other: Certificate): boolean {
    return Buffer.compare(this.der, other.der) === 0;
  }

  /** The certificate as one PEM block. */
  toPem(): string {
    return pemEncode('CERTIFICATE', this.der);
  }

  #handles(oid: string): boolean {
    switch (oid) {
      case Oid.keyUsage:
      case Oid.basicConstraints:
      case Oid.extendedKeyUsage:
      case Oid.certificatePolicies:
      case Oid.crlDistributionPoints:
        return true;
      case Oid.subjectAltName:
        return this.uris.length + this.dnsNames.length + this.emailAddresses.length + this.ipAddresses.length > 0;
      case Oid.nameConstraints:
        return this.nameConstraints?.hasUnknownKinds === false;
      default:
        return false;
    }
  }
}

function parseFields(der: Uint8Array): Fields {
  const outer = new DerReader(der);
  const certificate = outer.readSequence();
  const tbsDer = certificate.readElement(Tag.sequence);
  const signatureAlgorithmDer = certificate.readElement(Tag.sequence);
  const signature = certificate.readOctetBitString();
  certificate.end();

  const tbs = new DerReader(tbsDer).readSequence();
  const version = readVersion(tbs);
  const serialNumber = tbs.readInteger();
  if (serialNumber < 0n) throw new CryptoError('invalid-encoding', 'negative serial number');
  const innerAlgorithmDer = tbs.readElement(Tag.sequence);
  checkAlgorithmIdentifier(innerAlgorithmDer);
  if (Buffer.compare(innerAlgorithmDer, signatureAlgorithmDer) !== 0) {
    throw new CryptoError('invalid-encoding', 'inner and outer signature algorithm differ');
  }
  const issuer = Name.parse(tbs.readElement(Tag.sequence));
  const validity = tbs.readSequence();
  const notBeforeMs = validity.readTime();
  const notAfterMs = validity.readTime();
  validity.end();
  const subject = Name.parse(tbs.readElement(Tag.sequence));
  const publicKeyDer = tbs.readElement(Tag.sequence);
  const extensions = readExtensions(tbs, version);
  tbs.end();
  return {
    der,
    tbsDer,
    version,
    serialNumber,
    signatureAlgorithmDer,
    signature,
    issuer,
    notBeforeMs,
    notAfterMs,
    subject,
    publicKeyDer,
    extensions,
  };
}

function readVersion(tbs: DerReader): number {
  const explicit = tbs.readOptional(contextConstructed(0));
  if (explicit === undefined) return 1;
  const reader = new DerReader(explicit);
  const version = reader.readSmallInteger();
  reader.end();
  if (version > 2) throw new CryptoError('invalid-encoding', 'unknown version');
  return version + 1;
}

/** Unique identifiers exist from version 2 on, extensions in version 3 only. */
function readExtensions(tbs: DerReader, version: number): ReadonlyMap<string, Extension> {
  if (version > 1) {
    tbs.readOptional(contextPrimitive(1));
    tbs.readOptional(contextPrimitive(2));
  }
  const explicit = version === 3 ? tbs.readOptional(contextConstructed(3)) : undefined;
  if (explicit === undefined) return new Map();
  const reader = new DerReader(explicit);
  const extensions = parseExtensions(reader.readSequence());
  reader.end();
  return extensions;
}

function orInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new CryptoError('invalid-certificate', `malformed certificate: ${cause.message}`, { cause });
  }
}
