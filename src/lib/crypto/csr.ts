import type { KeyObject } from 'node:crypto';
import { CryptoError } from './crypto-error.ts';
import { DerReader } from './der/reader.ts';
import { contextConstructed, Tag } from './der/tags.ts';
import { derBitString, derExplicit, derInteger, derOid, derSequence, derSetOf } from './der/writer.ts';
import { type Extension, encodeExtension, parseExtensions } from './extensions.ts';
import { encodeSubjectAltNames, NO_NAMES, parseSubjectAltNames, type SubjectAltNames } from './general-names.ts';
import { parsePublicKey, publicKeyDer } from './key.ts';
import { Name } from './name.ts';
import { Oid } from './oids.ts';
import { findSignatureAlgorithm, getDefaultSignatureAlgorithm, isSignatureValid } from './signature-algorithm.ts';
import type { Signer } from './signer.ts';
import { parsePublicKeyInfo } from './spki.ts';

/** A certificate signing request whose signature and key were checked (PKCS#10, RFC 2986). */
export interface CertificateRequest extends SubjectAltNames {
  readonly der: Uint8Array;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  readonly subject: Name;
}

/** Requests are a few hundred octets; RSA-4096 with a 2048-octet ID is under 4 KiB. */
const MAX_CSR_OCTETS = 64 * 1024;

/** Smallest RSA key that gets a certificate. SPIRE signs smaller ones too. */
const MIN_RSA_BITS = 2048;
/** Larger ones only cost time to verify. */
const MAX_RSA_BITS = 8192;

/**
 * Makes a request (DER) for the signer's key.
 *
 * @throws CryptoError `invalid-key` if the key cannot sign
 */
export async function createCsr(options: {
  /** Empty by default. */
  readonly subject?: Name | undefined;
  readonly uris?: readonly string[] | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  readonly signer: Signer;
}): Promise<Uint8Array> {
  const { subject = Name.of({}), uris = [], dnsNames = [], signer } = options;
  const algorithm = getDefaultSignatureAlgorithm(signer.publicKey);
  const info = derSequence(
    derInteger(0),
    subject.der,
    publicKeyDer(signer.publicKey),
    derExplicit(0, ...encodeAttributes(dnsNames, uris)),
  );
  return derSequence(info, algorithm.der, derBitString(await signer.sign(info)));
}

/**
 * Parses a request and checks that its key signed it. RSA keys under 2048 bits, curves other than P-256, P-384 and
 * P-521, and SHA-1 signatures are refused; SPIRE takes some of them.
 *
 * @throws CryptoError `invalid-csr`
 */
export function parseCsr(der: Uint8Array): CertificateRequest {
  try {
    return parse(der);
  } catch (cause) {
    if (!(cause instanceof CryptoError) || cause.code === 'invalid-csr') throw cause;
    throw new CryptoError('invalid-csr', `malformed CSR: ${cause.message}`, { cause });
  }
}

function parse(bytes: Uint8Array): CertificateRequest {
  if (bytes.length > MAX_CSR_OCTETS) throw new CryptoError('invalid-csr', 'CSR is too large');
  const der = Uint8Array.from(bytes);
  const outer = new DerReader(der);
  const request = outer.readSequence();
  outer.end();
  const infoDer = request.readElement(Tag.sequence);
  const algorithm = findSignatureAlgorithm(request.readElement(Tag.sequence));
  const signature = request.readOctetBitString();
  request.end();

  const info = new DerReader(infoDer).readSequence();
  if (info.readSmallInteger() !== 0) throw new CryptoError('invalid-csr', 'unknown CSR version');
  const subject = Name.parse(info.readElement(Tag.sequence));
  const spki = info.readElement(Tag.sequence);
  const extensions = readExtensions(info);
  info.end();

  checkKeyStrength(spki);
  const publicKey = parsePublicKey(spki);
  if (algorithm === undefined) throw new CryptoError('invalid-csr', 'unsupported CSR signature algorithm');
  if (!isSignatureValid(algorithm, infoDer, signature, publicKey)) {
    throw new CryptoError('invalid-csr', 'CSR signature is not valid');
  }
  const names = extensions.get(Oid.subjectAltName);
  return {
    der,
    publicKey,
    publicKeyDer: spki,
    subject,
    ...(names === undefined ? NO_NAMES : parseSubjectAltNames(names.value)),
  };
}

function checkKeyStrength(spki: Uint8Array): void {
  const { algorithm, curve, modulusBits = 0 } = parsePublicKeyInfo(spki);
  switch (algorithm) {
    case 'rsa':
      if (modulusBits >= MIN_RSA_BITS && modulusBits <= MAX_RSA_BITS) return;
      throw new CryptoError('invalid-csr', `RSA key has ${modulusBits} bits, not ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`);
    case 'ec':
      if (curve !== Oid.p224) return;
      throw new CryptoError('invalid-csr', 'elliptic curve is too weak');
    case 'ed25519':
      return;
    case 'unknown':
      throw new CryptoError('invalid-csr', 'unsupported kind of key');
  }
}

/** The extensions asked for (RFC 2985 section 5.4.2). Other attributes are skipped; this one twice is an error. */
function readExtensions(info: DerReader): ReadonlyMap<string, Extension> {
  const attributes = new DerReader(info.readOptional(contextConstructed(0)) ?? new Uint8Array());
  let extensions: ReadonlyMap<string, Extension> | undefined;
  while (!attributes.isAtEnd) {
    const attribute = attributes.readSequence();
    const oid = attribute.readOid();
    const values = attribute.readInto(Tag.set);
    attribute.end();
    if (oid !== Oid.extensionRequest) continue;
    if (extensions !== undefined) throw new CryptoError('invalid-csr', 'extension request twice');
    extensions = parseExtensions(values.readSequence());
    values.end();
  }
  return extensions ?? new Map();
}

function encodeAttributes(dnsNames: readonly string[], uris: readonly string[]): Uint8Array[] {
  if (dnsNames.length + uris.length === 0) return [];
  const value = encodeSubjectAltNames(dnsNames, uris);
  const names = encodeExtension({ oid: Oid.subjectAltName, isCritical: false, value });
  return [derSequence(derOid(Oid.extensionRequest), derSetOf([derSequence(names)]))];
}
