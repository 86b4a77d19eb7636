import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import { Oid } from '../crypto/oids.ts';
import { parsePublicKeyInfo } from '../crypto/spki.ts';
import { SpirekitError } from '../runtime/errors.ts';

/** A certificate as it is shown: plain values, unescaped, of bounded length. */
export interface CertificateView {
  readonly subject: string;
  readonly issuer: string;
  /** In hexadecimal. */
  readonly serialNumber: string;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** How many names there are, of which the lists above may hold a part. */
  readonly nameCount: number;
  /** `EC P-256`, `RSA 2048`. */
  readonly keyType: string;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  readonly keyUsages: readonly string[];
  readonly extendedKeyUsages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Identifiers and fingerprint in hexadecimal without colons; identifiers empty if there is none. */
  readonly subjectKeyId: string;
  readonly authorityKeyId: string;
  readonly sha256: string;
}

/** Names of one kind that are shown; whoever presents a certificate decides how many there are. */
const MOST_NAMES = 20;
/** A SPIFFE ID has at most 2048 bytes. */
const LONGEST_TEXT = 2048;

const CURVES: Readonly<Record<string, string>> = {
  [Oid.p224]: 'P-224',
  [Oid.p256]: 'P-256',
  [Oid.p384]: 'P-384',
  [Oid.p521]: 'P-521',
};

export function viewCertificate(certificate: Certificate): CertificateView {
  const { uris, dnsNames, ipAddresses, emailAddresses } = certificate;
  return {
    subject: bounded(certificate.subject.rfc2253()),
    issuer: bounded(certificate.issuer.rfc2253()),
    serialNumber: bounded(certificate.serialNumber.toString(16)),
    uris: boundedList(uris),
    dnsNames: boundedList(dnsNames),
    ipAddresses: boundedList(ipAddresses.slice(0, MOST_NAMES).map(addressText)),
    nameCount: uris.length + dnsNames.length + ipAddresses.length + emailAddresses.length,
    keyType: keyTypeOf(certificate.publicKeyDer),
    isCa: certificate.isCa,
    pathLength: certificate.pathLength,
    keyUsages: [...(certificate.keyUsages ?? [])],
    extendedKeyUsages: boundedList(certificate.extendedKeyUsages ?? []),
    notBeforeMs: certificate.notBeforeMs,
    notAfterMs: certificate.notAfterMs,
    subjectKeyId: hexOf(certificate.subjectKeyId),
    authorityKeyId: hexOf(certificate.authorityKeyId),
    sha256: createHash('sha256').update(certificate.der).digest('hex'),
  };
}

/** The authority ID of a CA as SPIRE names it: its subject key identifier in hexadecimal; its fingerprint where it has none. */
export function authorityIdOf(certificate: Certificate): string {
  return certificate.subjectKeyId === undefined
    ? `sha256:${createHash('sha256').update(certificate.der).digest('hex')}`
    : hexOf(certificate.subjectKeyId);
}

/** `EC P-256`, `RSA 2048`, `Ed25519`; what is wrong with it where it cannot be told. */
export function keyTypeOf(spki: Uint8Array): string {
  try {
    const { algorithm, curve = '', modulusBits } = parsePublicKeyInfo(spki);
    switch (algorithm) {
      case 'rsa':
        return `RSA ${modulusBits}`;
      case 'ec':
        return `EC ${CURVES[curve] ?? curve}`;
      case 'ed25519':
        return 'Ed25519';
      case 'unknown':
        return 'unknown kind of key';
    }
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return error.message;
  }
}

/** The kind of a key that verifies tokens. */
export function keyTypeOfObject(key: KeyObject): string {
  return keyTypeOf(key.export({ format: 'der', type: 'spki' }));
}

/** A text cut to what an honest one may have. */
export function bounded(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}...`;
}

function boundedList(texts: readonly string[]): string[] {
  return texts.slice(0, MOST_NAMES).map(bounded);
}

function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = [...octets].flatMap((octet, index) =>
    index % 2 === 0 ? [(octet << 8) | (octets[index + 1] ?? 0)] : [],
  );
  return groups.map((group) => group.toString(16)).join(':');
}

function hexOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : bounded(Buffer.from(bytes).toString('hex'));
}
