import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';

/** Certificates as somebody presents them, leaf first. */
export interface ChainDocument {
  readonly kind: 'chain';
  /** The file, address or place in a message it came from. */
  readonly name: string;
  readonly certificates: readonly Certificate[];
  /** Whether a private key was found with it, and whether it is the leaf's. */
  readonly key: 'matches' | 'differs' | 'absent';
  /** The operator's word on what the identity is for; empty without one. */
  readonly hint: string;
}

/** A token in compact serialization, or what was taken for one. */
export interface TokenDocument {
  readonly kind: 'token';
  readonly name: string;
  readonly token: string;
  readonly hint: string;
}

/** A bundle with what only some sources tell: taint and expiry of keys. */
export interface BundleDocument {
  readonly kind: 'bundle';
  readonly name: string;
  /** Undefined where neither the document nor its certificates name one. */
  readonly trustDomain: TrustDomain | undefined;
  readonly form: BundleForm;
  readonly x509Authorities: readonly SeenX509Authority[];
  readonly jwtAuthorities: readonly SeenKeyAuthority[];
  readonly witAuthorities: readonly SeenKeyAuthority[];
  readonly sequenceNumber: bigint | undefined;
  /** In seconds; unchecked. */
  readonly refreshHint: bigint | undefined;
}

/** How a bundle was written. Only `spiffe` and `server` carry a sequence and a refresh hint, only `server` taint. */
export type BundleForm = 'pem' | 'der' | 'spiffe' | 'jwks' | 'workload-api' | 'server';

export interface SeenX509Authority {
  readonly certificate: Certificate;
  readonly isTainted: boolean;
}

export interface SeenKeyAuthority {
  readonly keyId: string;
  readonly key: KeyObject;
  /** Undefined where it is not said. */
  readonly expiresAtMs: number | undefined;
  readonly isTainted: boolean;
}

/** What could not be read as what it was taken for. */
export interface UnreadableDocument {
  readonly kind: 'unreadable';
  readonly name: string;
  readonly takenFor: 'x509' | 'token' | 'bundle';
  readonly error: SpirekitError;
}

/** One thing found in a source. */
export type Document = ChainDocument | TokenDocument | BundleDocument | UnreadableDocument;

/** What the asker is after: decides what a file of certificates is. `any` goes by whether there is a leaf among them. */
export type Purpose = 'svid' | 'bundle' | 'any';

/**
 * The bundles of a source that has to have some.
 *
 * @throws SpirekitError what one of them could not be read with; `not-found` without any
 */
export function bundlesIn(source: string, documents: readonly Document[]): BundleDocument[] {
  for (const document of documents) {
    if (document.kind === 'unreadable') throw prefixed(document.name, document.error);
  }
  const bundles = documents.filter((document) => document.kind === 'bundle');
  if (bundles.length === 0) throw new SpirekitError('not-found', `there is no bundle in ${source}`);
  return bundles;
}
