import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { X509BundleSource } from './bundle-source.ts';
import type { SpiffeId } from './spiffe-id.ts';

/** An X509-SVID with its private key: what a workload or agent presents. */
export class X509Svid {
  readonly id: SpiffeId;
  /** Leaf first, then the intermediates, without the root. */
  readonly certificates: readonly Certificate[];
  readonly privateKey: KeyObject;
  /** The operator's word on what the identity is for; empty if there is none. */
  readonly hint: string;

  constructor(id: SpiffeId, certificates: readonly Certificate[], privateKey: KeyObject, hint = '') {
    this.id = id;
    this.certificates = certificates;
    this.privateKey = privateKey;
    this.hint = hint;
  }
}

/** Concatenated DER certificates (leaf first) and a PKCS#8 key. @throws SpiffeError `invalid-x509-svid` */
export function parseX509Svid(_certificatesDer: Uint8Array, _keyDer: Uint8Array, _hint?: string): X509Svid {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** PEM certificates (leaf first) and a PEM PKCS#8 key. @throws SpiffeError `invalid-x509-svid` */
export function parseX509SvidPem(_certificates: string | Uint8Array, _key: string | Uint8Array): X509Svid {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** The one SPIFFE ID that a certificate names. @throws SpiffeError `invalid-x509-svid` unless there is exactly one URI SAN */
export function getSpiffeId(_certificate: Certificate): SpiffeId {
  throw new SpirekitError('unimplemented', 'not yet');
}

/** Verifies a peer's chain (leaf first) against the bundle of the trust domain that its leaf names, and no other. */
export function verifyX509Svid(
  _chain: readonly Certificate[],
  _bundles: X509BundleSource,
  _options: { readonly nowMs: number },
): { readonly id: SpiffeId; readonly chains: readonly (readonly Certificate[])[] } {
  throw new SpirekitError('unimplemented', 'not yet');
}
