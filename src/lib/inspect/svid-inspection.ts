import type { Finding } from '../findings/finding.ts';
import { type CertificateView, viewCertificate } from './certificate-view.ts';
import { examineChain } from './chain-examination.ts';
import type { ChainDocument, Document, TokenDocument, UnreadableDocument } from './document.ts';
import type { Lifetime } from './lifetime.ts';
import { findingOfRefusal } from './refusal.ts';
import { examineToken, type TokenView } from './token-examination.ts';

/** What an SVID, or something that was to be one, turned out to be. */
export interface SvidInspection {
  readonly name: string;
  readonly kind: 'x509-svid' | 'jwt-svid' | 'unreadable';
  /** As it stands there, whether or not it is a SPIFFE ID; empty if there is none. */
  readonly spiffeId: string;
  readonly hint: string;
  /** Undefined where it does not say. */
  readonly lifetime: Lifetime | undefined;
  /** Leaf first, at most {@link MOST_CERTIFICATES}. */
  readonly certificates: readonly CertificateView[];
  readonly certificateCount: number;
  readonly key: ChainDocument['key'];
  readonly token: TokenView | undefined;
  readonly findings: readonly Finding[];
}

/** Certificates of one chain that are shown. */
const MOST_CERTIFICATES = 16;

/** Looks at an SVID by itself: form and time, not who vouches for it. */
export function inspectSvid(document: Exclude<Document, { kind: 'bundle' }>, nowMs: number): SvidInspection {
  switch (document.kind) {
    case 'chain':
      return inspectChain(document, nowMs);
    case 'token':
      return inspectToken(document, nowMs);
    case 'unreadable':
      return inspectUnreadable(document);
  }
}

function inspectChain(document: ChainDocument, nowMs: number): SvidInspection {
  const { name, certificates, hint, key } = document;
  const [leaf] = certificates;
  return {
    ...nothing(name, 'x509-svid'),
    spiffeId: leaf?.uris[0]?.slice(0, 2048) ?? '',
    hint,
    lifetime: leaf && { notBeforeMs: leaf.notBeforeMs, notAfterMs: leaf.notAfterMs },
    certificates: certificates.slice(0, MOST_CERTIFICATES).map(viewCertificate),
    certificateCount: certificates.length,
    key,
    findings: examineChain(document, nowMs),
  };
}

function inspectToken(document: TokenDocument, nowMs: number): SvidInspection {
  const { token, findings } = examineToken(document, nowMs);
  const { issuedAtMs, notBeforeMs = issuedAtMs, expiresAtMs } = token;
  const hasLifetime = notBeforeMs !== undefined && expiresAtMs !== undefined;
  return {
    ...nothing(document.name, 'jwt-svid'),
    spiffeId: token.subject,
    hint: document.hint,
    lifetime: hasLifetime ? { notBeforeMs, notAfterMs: expiresAtMs } : undefined,
    token,
    findings,
  };
}

function inspectUnreadable({ name, takenFor, error }: UnreadableDocument): SvidInspection {
  return { ...nothing(name, 'unreadable'), findings: [findingOfRefusal(name, error, takenFor)] };
}

function nothing(name: string, kind: SvidInspection['kind']): SvidInspection {
  return {
    name,
    kind,
    spiffeId: '',
    hint: '',
    lifetime: undefined,
    certificates: [],
    certificateCount: 0,
    key: 'absent',
    token: undefined,
    findings: [],
  };
}
