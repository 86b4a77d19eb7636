import type { SpirekitError } from '../runtime/errors.ts';
import { authorityIdOf } from './certificate-view.ts';
import type { BundleDocument, Document, SeenX509Authority } from './document.ts';
import { type Lifetime, lifeInWords, lifePosition, spanInWords } from './lifetime.ts';
import { inspectSvid } from './svid-inspection.ts';

/** Something with a life, and where in it. */
export interface ExpiryItem {
  /** The source as it was typed, and what in it. */
  readonly source: string;
  readonly name: string;
  readonly kind: 'x509-svid' | 'jwt-svid' | 'x509-authority' | 'jwt-key' | 'unreadable';
  /** A SPIFFE ID, or the trust domain and authority; empty if there is none. */
  readonly subject: string;
  readonly status: ExpiryStatus;
  /** Of a `jwt-key` only the end is known: it begins there, too. */
  readonly lifetime: Lifetime | undefined;
  /** When a successor is to be there by SPIRE's rules; undefined for what is not rotated. */
  readonly rotationMs: number | undefined;
  /** Why it is unreadable; empty otherwise. */
  readonly reason: string;
}

/**
 * `fresh`: nothing to do. `due`: its rotation is under way or about to be. `stale`: it should have been replaced. `warned`:
 * more of its life is used than was asked for. `superseded`: an authority with a younger one beside it, whatever its age.
 */
export type ExpiryStatus =
  | 'fresh'
  | 'due'
  | 'stale'
  | 'warned'
  | 'superseded'
  | 'not-yet-valid'
  | 'expired'
  | 'unreadable';

/** How life is judged. */
export interface ExpiryOptions {
  readonly nowMs: number;
  /** From which share of a life on something is `warned`; never by default. */
  readonly warnShare?: number | undefined;
}

/** Past the moment of rotation by that share of its life, something is stale: agents look for it every few seconds. */
const GRACE_SHARE = 0.1;
/** SPIRE prepares the next CA when half the life is left, but at most thirty days before the end (pkg/server/ca/manager). */
const LONGEST_PREPARATION_MS = 30 * 86_400_000;

/** The lives in what a source held. */
export function expiryOf(source: string, documents: readonly Document[], options: ExpiryOptions): ExpiryItem[] {
  return documents.flatMap((document) =>
    document.kind === 'bundle' ? bundleItems(source, document, options) : [svidItem(source, document, options)],
  );
}

/** A source that could not be looked at. */
export function unreadableSource(source: string, error: SpirekitError): ExpiryItem {
  return {
    source,
    name: source,
    kind: 'unreadable',
    subject: '',
    status: 'unreadable',
    lifetime: undefined,
    rotationMs: undefined,
    reason: error.message,
  };
}

function svidItem(source: string, document: Exclude<Document, BundleDocument>, options: ExpiryOptions): ExpiryItem {
  const { name, kind, spiffeId, lifetime, findings } = inspectSvid(document, options.nowMs);
  if (lifetime === undefined) {
    const reason = findings[0]?.message ?? 'it does not say when it expires';
    return {
      source,
      name,
      kind: 'unreadable',
      subject: spiffeId,
      status: 'unreadable',
      lifetime,
      rotationMs: undefined,
      reason,
    };
  }
  // A token is fetched when it is needed, and again when half its life is over.
  const rotationMs = lifetime.notBeforeMs + lengthOf(lifetime) / 2;
  const status = statusOf(lifetime, rotationMs, options);
  return { source, name, kind, subject: spiffeId, status, lifetime, rotationMs, reason: '' };
}

function bundleItems(source: string, bundle: BundleDocument, options: ExpiryOptions): ExpiryItem[] {
  const trustDomain = bundle.trustDomain?.name ?? '';
  const x509 = bundle.x509Authorities.map((authority): ExpiryItem => {
    const { notBeforeMs, notAfterMs } = authority.certificate;
    const lifetime = { notBeforeMs, notAfterMs };
    const rotationMs = notAfterMs - Math.min(lengthOf(lifetime) / 2, LONGEST_PREPARATION_MS);
    const status = hasSuccessor(authority, bundle.x509Authorities, options.nowMs)
      ? 'superseded'
      : statusOf(lifetime, rotationMs, options);
    const subject = `${trustDomain} ${authorityIdOf(authority.certificate)}`.trim();
    return { source, name: bundle.name, kind: 'x509-authority', subject, status, lifetime, rotationMs, reason: '' };
  });
  return [...x509, ...keyItems(source, bundle, trustDomain, options)];
}

/** Keys whose source tells when they expire; their life has no known beginning. */
function keyItems(source: string, bundle: BundleDocument, trustDomain: string, { nowMs }: ExpiryOptions): ExpiryItem[] {
  const last = Math.max(...bundle.jwtAuthorities.map(({ expiresAtMs = Infinity }) => expiresAtMs));
  return bundle.jwtAuthorities.flatMap(({ keyId, expiresAtMs }): ExpiryItem[] => {
    if (expiresAtMs === undefined) return [];
    const status = last > expiresAtMs && last > nowMs ? 'superseded' : expiresAtMs < nowMs ? 'expired' : 'fresh';
    return [
      {
        source,
        name: bundle.name,
        kind: 'jwt-key',
        subject: `${trustDomain} ${keyId}`.trim(),
        status,
        lifetime: { notBeforeMs: expiresAtMs, notAfterMs: expiresAtMs },
        rotationMs: undefined,
        reason: '',
      },
    ];
  });
}

function hasSuccessor({ certificate }: SeenX509Authority, all: readonly SeenX509Authority[], nowMs: number): boolean {
  return all.some(
    ({ certificate: other }) =>
      other.notAfterMs > certificate.notAfterMs && other.notBeforeMs <= nowMs && other.notAfterMs > nowMs,
  );
}

function statusOf(lifetime: Lifetime, rotationMs: number, { nowMs, warnShare }: ExpiryOptions): ExpiryStatus {
  const { state, usedShare = 1 } = lifePosition(lifetime, nowMs);
  if (state !== 'valid') return state;
  if (nowMs > rotationMs + GRACE_SHARE * lengthOf(lifetime)) return 'stale';
  if (warnShare !== undefined && usedShare >= warnShare) return 'warned';
  return nowMs >= rotationMs ? 'due' : 'fresh';
}

function lengthOf({ notBeforeMs, notAfterMs }: Lifetime): number {
  return Math.max(0, notAfterMs - notBeforeMs);
}

/** Where in its life something is, or why that cannot be told, in words. */
export function expiryInWords({ kind, lifetime, reason }: ExpiryItem, nowMs: number): string {
  if (lifetime === undefined) return reason;
  if (kind !== 'jwt-key') return lifeInWords(lifetime, nowMs);
  const leftMs = lifetime.notAfterMs - nowMs;
  return leftMs < 0 ? `expired ${spanInWords(-leftMs)} ago` : `expires in ${spanInWords(leftMs)}`;
}

/** What all of them together come to. */
export function worstExpiry(items: readonly ExpiryItem[]): 'fine' | 'attention' | 'broken' {
  if (items.some(({ status }) => status === 'expired' || status === 'unreadable')) return 'broken';
  return items.some(({ status }) => status === 'stale' || status === 'warned' || status === 'not-yet-valid')
    ? 'attention'
    : 'fine';
}
