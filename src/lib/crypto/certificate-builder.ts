import type { KeyObject } from 'node:crypto';
import { SpirekitError } from '../runtime/errors.ts';
import type { Certificate } from './certificate.ts';
import type { ExtendedKeyUsage, KeyUsage } from './extensions.ts';
import type { Name } from './name.ts';
import type { Signer } from './signer.ts';

/** What a certificate shall say. Extensions come out in the order and with the criticality of Go's x509. */
export interface CertificateTemplate {
  /** Positive, at most 20 octets; 127 random bits by default. */
  readonly serialNumber?: bigint;
  readonly subject: Name;
  readonly issuer: Name;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** Cut to whole seconds. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Basic constraints are always written, critical. */
  readonly isCa: boolean;
  /** Only with `isCa`. */
  readonly pathLength?: number;
  /** Critical; left out when empty. */
  readonly keyUsages: readonly KeyUsage[];
  /** Left out when empty. */
  readonly extendedKeyUsages?: readonly ExtendedKeyUsage[];
  /** The subject's key: a KeyObject (either half) or SubjectPublicKeyInfo DER. */
  readonly publicKey: KeyObject | Uint8Array;
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
  /** The issuer's key. */
  readonly signer: Signer;
}

/** A positive random serial number of at most 127 bits, as SPIRE makes them. */
export function randomSerialNumber(): bigint {
  throw new SpirekitError('unimplemented', 'not yet');
}

/**
 * Makes and signs a certificate. The result is what a strict parser reads back from the bytes that were signed.
 *
 * @throws CryptoError `invalid-certificate` for a template that cannot be written
 */
export async function issueCertificate(_template: CertificateTemplate): Promise<Certificate> {
  throw new SpirekitError('unimplemented', 'not yet');
}
