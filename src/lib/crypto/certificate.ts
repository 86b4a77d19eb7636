import type { KeyObject } from 'node:crypto';
import { SpirekitError } from '../runtime/errors.ts';
import type { ExtendedKeyUsage, KeyUsage } from './extensions.ts';
import type { Name } from './name.ts';

/** A parsed X.509 certificate (RFC 5280). Immutable; parsing checks the encoding, not the signature. */
export class Certificate {
  /** The whole certificate, a copy of what was parsed. */
  declare readonly der: Uint8Array;
  /** The signed part. */
  declare readonly tbsDer: Uint8Array;
  /** 1, 2 or 3. */
  declare readonly version: number;
  /** Never negative. */
  declare readonly serialNumber: bigint;
  declare readonly subject: Name;
  declare readonly issuer: Name;
  declare readonly notBeforeMs: number;
  declare readonly notAfterMs: number;
  /** The subject's public key as SubjectPublicKeyInfo. */
  declare readonly publicKeyDer: Uint8Array;
  /** Whether there is a basic constraints extension at all. */
  declare readonly hasBasicConstraints: boolean;
  declare readonly isCa: boolean;
  /** How many CA certificates may stand between this one and a leaf; undefined means any number. */
  declare readonly pathLength: number | undefined;
  /** Undefined when there is no such extension. */
  declare readonly keyUsages: ReadonlySet<KeyUsage> | undefined;
  /** Names of known usages, dotted identifiers of others; undefined when there is no such extension. */
  declare readonly extendedKeyUsages: readonly (ExtendedKeyUsage | string)[] | undefined;
  declare readonly uris: readonly string[];
  declare readonly dnsNames: readonly string[];
  declare readonly subjectKeyId: Uint8Array | undefined;
  declare readonly authorityKeyId: Uint8Array | undefined;

  /** @throws CryptoError `invalid-certificate`; bytes after the certificate count as an error */
  static parse(_der: Uint8Array): Certificate {
    throw new SpirekitError('unimplemented', 'not yet');
  }

  /** Parses certificates that follow each other without anything between them, as in the Workload API. */
  static parseAll(_concatenatedDer: Uint8Array): Certificate[] {
    throw new SpirekitError('unimplemented', 'not yet');
  }

  /** Parses every CERTIFICATE block of a PEM file; other blocks are skipped. May be empty. */
  static parsePem(_pem: string | Uint8Array): Certificate[] {
    throw new SpirekitError('unimplemented', 'not yet');
  }

  get notBefore(): Date {
    return new Date(this.notBeforeMs);
  }

  get notAfter(): Date {
    return new Date(this.notAfterMs);
  }

  /** The subject's key, parsed when first asked for. @throws CryptoError `invalid-key` */
  get publicKey(): KeyObject {
    throw new SpirekitError('unimplemented', 'not yet');
  }

  /** True if the key made this certificate's signature. False also for algorithms that are unknown or too weak. */
  isSignedBy(_issuerKey: KeyObject): boolean {
    return false;
  }

  /** True if both are the same bytes. */
  equals(other: Certificate): boolean {
    return Buffer.compare(this.der, other.der) === 0;
  }

  /** The certificate as one PEM block. */
  toPem(): string {
    throw new SpirekitError('unimplemented', 'not yet');
  }
}
