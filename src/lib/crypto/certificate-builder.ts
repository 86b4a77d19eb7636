import { randomBytes } from 'node:crypto';
import { Certificate } from './certificate.ts';
import { CryptoError } from './crypto-error.ts';
import { derBitString, derExplicit, derInteger, derOctetString, derSequence, derTime } from './der/writer.ts';
import {
  type ExtendedKeyUsage,
  type Extension,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeExtension,
  encodeKeyUsage,
  type KeyUsage,
} from './extensions.ts';
import { encodeSubjectAltNames } from './general-names.ts';
import { type PublicKey, publicKeyDer } from './key.ts';
import type { Name } from './name.ts';
import { Oid } from './oids.ts';
import { getDefaultSignatureAlgorithm } from './signature-algorithm.ts';
import type { Signer } from './signer.ts';

/** As much of a name as a certificate is made from. */
export type EncodedName = Pick<Name, 'der' | 'isEmpty'>;

/** What a certificate shall say. Extensions come out in the order and with the criticality of Go's x509. */
export interface CertificateTemplate {
  /** Positive, at most 20 octets; {@link randomSerialNumber} by default. */
  readonly serialNumber?: bigint | undefined;
  readonly subject: EncodedName;
  readonly issuer: EncodedName;
  readonly uris?: readonly string[] | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  /** Both are cut to whole seconds. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Basic constraints are always written, critical. */
  readonly isCa: boolean;
  /** Only with `isCa`; any number of CAs below by default. */
  readonly pathLength?: number | undefined;
  /** Critical; left out when empty. */
  readonly keyUsages: readonly KeyUsage[];
  /** Left out when empty. */
  readonly extendedKeyUsages?: readonly ExtendedKeyUsage[] | undefined;
  readonly publicKey: PublicKey;
  /**
   * Written behind all others, as they are. Those of key usages and extended key usages take the place of what the fields
   * above say; any other that is written already makes the certificate one that no parser takes.
   */
  readonly extraExtensions?: readonly Extension[] | undefined;
  readonly subjectKeyId?: Uint8Array | undefined;
  readonly authorityKeyId?: Uint8Array | undefined;
  /** The issuer's key. */
  readonly signer: Signer;
}

/** A positive random serial number of 128 bits at most, as SPIRE makes them (RFC 5280 section 4.1.2.2 allows 20 octets). */
export function randomSerialNumber(): bigint {
  return BigInt(`0x${randomBytes(16).toString('hex')}`) + 1n;
}

/**
 * Makes and signs a certificate. The result was parsed back from the bytes that were signed, so whatever this returns, a
 * strict parser takes.
 *
 * @throws CryptoError `invalid-certificate` for a template that cannot be written, `invalid-key` if signing fails
 */
export async function issueCertificate(template: CertificateTemplate): Promise<Certificate> {
  const algorithm = getDefaultSignatureAlgorithm(template.signer.publicKey);
  const tbs = encodeTbs(template, algorithm.der);
  const signature = await template.signer.sign(tbs);
  return Certificate.parse(derSequence(tbs, algorithm.der, derBitString(signature)));
}

/** A TBSCertificate of version 3 (RFC 5280 section 4.1). */
function encodeTbs(template: CertificateTemplate, algorithmDer: Uint8Array): Uint8Array {
  const serialNumber = template.serialNumber ?? randomSerialNumber();
  if (serialNumber <= 0n || serialNumber >= 1n << 159n) {
    throw new CryptoError('invalid-certificate', 'serial number out of range');
  }
  if (template.notAfter.getTime() < template.notBefore.getTime()) {
    throw new CryptoError('invalid-certificate', 'certificate would end before it starts');
  }
  return derSequence(
    derExplicit(0, derInteger(2)),
    derInteger(serialNumber),
    algorithmDer,
    template.issuer.der,
    derSequence(derTime(template.notBefore.getTime()), derTime(template.notAfter.getTime())),
    template.subject.der,
    publicKeyDer(template.publicKey),
    derExplicit(3, derSequence(...encodeExtensions(template))),
  );
}

function encodeExtensions(template: CertificateTemplate): Uint8Array[] {
  const {
    isCa,
    pathLength,
    keyUsages,
    extendedKeyUsages = [],
    uris = [],
    dnsNames = [],
    extraExtensions = [],
  } = template;
  const extensions: Uint8Array[] = [];
  const add = (oid: string, isCritical: boolean, value: Uint8Array): void => {
    extensions.push(encodeExtension({ oid, isCritical, value }));
  };
  const isExtra = (oid: string): boolean => extraExtensions.some((extra) => extra.oid === oid);
  if (keyUsages.length > 0 && !isExtra(Oid.keyUsage)) add(Oid.keyUsage, true, encodeKeyUsage(keyUsages));
  if (extendedKeyUsages.length > 0 && !isExtra(Oid.extendedKeyUsage)) {
    add(Oid.extendedKeyUsage, false, encodeExtendedKeyUsage(extendedKeyUsages));
  }
  add(Oid.basicConstraints, true, encodeBasicConstraints({ isCa, pathLength }));
  if (template.subjectKeyId !== undefined) {
    add(Oid.subjectKeyIdentifier, false, derOctetString(template.subjectKeyId));
  }
  if (template.authorityKeyId !== undefined) {
    add(Oid.authorityKeyIdentifier, false, encodeAuthorityKeyId(template.authorityKeyId));
  }
  if (uris.length + dnsNames.length > 0) {
    // Critical exactly when there is no subject (RFC 5280 section 4.2.1.6).
    add(Oid.subjectAltName, template.subject.isEmpty, encodeSubjectAltNames(dnsNames, uris));
  }
  for (const { oid, isCritical, value } of extraExtensions) add(oid, isCritical, value);
  return extensions;
}
