import type { KeyObject } from 'node:crypto';
import { SpirekitError } from '../runtime/errors.ts';
import type { Name } from './name.ts';
import type { Signer } from './signer.ts';

/** A certificate signing request whose signature and key were checked (PKCS#10, RFC 2986). */
export interface CertificateRequest {
  readonly der: Uint8Array;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly publicKeyDer: Uint8Array;
  readonly subject: Name;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
}

/** Makes a request (DER) for the signer's key. Subject, URIs and DNS names default to none. */
export async function createCsr(_options: {
  readonly subject?: Name;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly signer: Signer;
}): Promise<Uint8Array> {
  throw new SpirekitError('unimplemented', 'not yet');
}

/**
 * Parses a request and checks that its key signed it. RSA keys under 2048 bits, curves other than P-256, P-384 and
 * P-521, and SHA-1 signatures are refused.
 *
 * @throws CryptoError `invalid-csr`
 */
export function parseCsr(_der: Uint8Array): CertificateRequest {
  throw new SpirekitError('unimplemented', 'not yet');
}
