import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { TrustDomain } from './trust-domain.ts';

/** The public keys that speak for a trust domain. Immutable; make a new one to change it. */
export class Bundle {
  readonly trustDomain: TrustDomain;
  readonly x509Authorities: readonly Certificate[];
  readonly jwtAuthorities: ReadonlyMap<string, KeyObject>;
  /** Grows with each change of the contents; 64 bits. */
  readonly sequenceNumber: bigint | undefined;
  /** How often to look for a new bundle, in seconds. */
  readonly refreshHint: bigint | undefined;

  constructor(
    trustDomain: TrustDomain,
    contents: {
      readonly x509Authorities?: readonly Certificate[];
      readonly jwtAuthorities?: ReadonlyMap<string, KeyObject>;
      readonly sequenceNumber?: bigint | undefined;
      readonly refreshHint?: bigint | undefined;
    } = {},
  ) {
    this.trustDomain = trustDomain;
    this.x509Authorities = contents.x509Authorities ?? [];
    this.jwtAuthorities = contents.jwtAuthorities ?? new Map();
    this.sequenceNumber = contents.sequenceNumber;
    this.refreshHint = contents.refreshHint;
  }
}

/** Reads a SPIFFE bundle document. @throws SpiffeError `invalid-bundle` */
export function parseBundleDocument(_trustDomain: TrustDomain, _document: Uint8Array | string): Bundle {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** Writes a SPIFFE bundle document as SPIRE prints it: four spaces, no newline at the end. */
export function formatBundleDocument(_bundle: Bundle): string {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** Reads the JWKS of a Workload API JWT bundle. @throws SpiffeError `invalid-bundle` */
export function parseJwks(_trustDomain: TrustDomain, _document: Uint8Array | string): Bundle {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** Writes the JWT authorities as the Workload API sends them: a JWKS without `use`. */
export function formatJwks(_bundle: Bundle): string {
  throw new SpirekitError('unimplemented', 'not yet');
}
