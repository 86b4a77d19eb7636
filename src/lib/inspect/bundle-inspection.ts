import type { Finding, Severity, SpkCode } from '../findings/finding.ts';
import { authorityIdOf, type CertificateView, keyTypeOfObject, viewCertificate } from './certificate-view.ts';
import type { BundleDocument, BundleForm, Document, SeenKeyAuthority } from './document.ts';
import { lifeInWords, spanInWords } from './lifetime.ts';
import { findingOfRefusal } from './refusal.ts';
import { type RuleId, ruleLabel } from './rules.ts';

/** A bundle as it is shown. */
export interface BundleInspection {
  readonly name: string;
  readonly form: BundleForm | 'unreadable';
  /** Undefined where nothing names it. */
  readonly trustDomain: string | undefined;
  readonly x509Authorities: readonly X509AuthorityView[];
  readonly jwtAuthorities: readonly KeyAuthorityView[];
  readonly witAuthorities: readonly KeyAuthorityView[];
  readonly sequenceNumber: bigint | undefined;
  /** In seconds. */
  readonly refreshHint: bigint | undefined;
  readonly findings: readonly Finding[];
}

export interface X509AuthorityView {
  /** The subject key identifier in hexadecimal, as SPIRE names authorities. */
  readonly authorityId: string;
  readonly certificate: CertificateView;
  readonly isTainted: boolean;
}

export interface KeyAuthorityView {
  readonly keyId: string;
  readonly keyType: string;
  readonly expiresAtMs: number | undefined;
  readonly isTainted: boolean;
}

/** Authorities and findings that are shown of one bundle; the bundle of a server of ten years has a hundred. */
const MOST_SHOWN = 500;

/** Looks at a bundle, or at what was to be one. */
export function inspectBundle(
  document: Extract<Document, { kind: 'bundle' | 'unreadable' }>,
  nowMs: number,
): BundleInspection {
  if (document.kind === 'unreadable') {
    const { name, error } = document;
    return { ...NOTHING, name, findings: [findingOfRefusal(name, error, 'bundle')] };
  }
  const { name, form, trustDomain, sequenceNumber, refreshHint } = document;
  return {
    name,
    form,
    trustDomain: trustDomain?.name,
    x509Authorities: document.x509Authorities.slice(0, MOST_SHOWN).map(({ certificate, isTainted }) => ({
      authorityId: authorityIdOf(certificate),
      certificate: viewCertificate(certificate),
      isTainted,
    })),
    jwtAuthorities: document.jwtAuthorities.slice(0, MOST_SHOWN).map(viewKey),
    witAuthorities: document.witAuthorities.slice(0, MOST_SHOWN).map(viewKey),
    sequenceNumber,
    refreshHint,
    findings: examineBundle(document, nowMs).slice(0, MOST_SHOWN),
  };
}

const NOTHING: Omit<BundleInspection, 'name' | 'findings'> = {
  form: 'unreadable',
  trustDomain: undefined,
  x509Authorities: [],
  jwtAuthorities: [],
  witAuthorities: [],
  sequenceNumber: undefined,
  refreshHint: undefined,
};

function examineBundle(bundle: BundleDocument, nowMs: number): Finding[] {
  const findings: Finding[] = [];
  const add = (severity: Severity, code: SpkCode, rule: RuleId | undefined, message: string): void => {
    findings.push({
      code,
      severity,
      subject: bundle.trustDomain?.name ?? bundle.name,
      message,
      ...(rule === undefined ? {} : { rule: ruleLabel(rule) }),
    });
  };
  if (bundle.x509Authorities.length + bundle.jwtAuthorities.length === 0) {
    add('warning', 'SPK-3032', 'TB-09', 'it has no authority: nothing of this trust domain is trusted by it');
  }
  examineX509Authorities(bundle, nowMs, add);
  for (const { keyId, expiresAtMs, isTainted } of bundle.jwtAuthorities) {
    if (isTainted) add('warning', 'SPK-3034', 'FD-03', `the JWT key ${keyId} is tainted`);
    if (expiresAtMs !== undefined && expiresAtMs < nowMs) {
      add('info', 'SPK-3033', 'FD-03', `the JWT key ${keyId} expired ${spanInWords(nowMs - expiresAtMs)} ago`);
    }
  }
  examineNumbers(bundle, nowMs, add);
  return findings;
}

type Add = (severity: Severity, code: SpkCode, rule: RuleId | undefined, message: string) => void;

function examineX509Authorities({ x509Authorities, trustDomain }: BundleDocument, nowMs: number, add: Add): void {
  const valid = x509Authorities.filter(({ certificate }) => certificate.notAfterMs >= nowMs);
  if (x509Authorities.length > 0 && valid.length === 0) {
    add('error', 'SPK-3033', 'XS-19', 'every X.509 authority in it has expired: no X509-SVID is verified by it');
  }
  for (const { certificate, isTainted } of x509Authorities) {
    const id = authorityIdOf(certificate);
    if (isTainted)
      add('warning', 'SPK-3034', 'FD-03', `the X.509 authority ${id} is tainted: what it signed is to be replaced`);
    if (certificate.notAfterMs < nowMs && valid.length > 0) {
      add('info', 'SPK-3033', 'FD-03', `the X.509 authority ${id} ${lifeInWords(certificate, nowMs)}`);
    }
    if (certificate.notBeforeMs > nowMs)
      add('warning', 'SPK-3033', 'XS-19', `the X.509 authority ${id} is ${lifeInWords(certificate, nowMs)}`);
    if (!certificate.isCa) add('error', 'SPK-3035', 'XS-10', `the X.509 authority ${id} is no CA`);
    if (certificate.keyUsages?.has('keyCertSign') === false) {
      add('error', 'SPK-3035', 'XS-14', `the X.509 authority ${id} may not sign certificates`);
    }
    if (!certificate.subject.equals(certificate.issuer)) {
      add('info', 'SPK-3035', 'XS-25', `the X.509 authority ${id} is not self-signed`);
    }
    const [uri] = certificate.uris;
    if (uri === undefined) add('info', 'SPK-3035', 'XS-06', `the X.509 authority ${id} has no SPIFFE ID`);
    else if (trustDomain !== undefined && uri !== `spiffe://${trustDomain.name}`) {
      add('warning', 'SPK-3035', 'ID-16', `the X.509 authority ${id} is of ${uri.slice(0, 300)}`);
    }
  }
}

function examineNumbers(
  { form, sequenceNumber, refreshHint, x509Authorities }: BundleDocument,
  nowMs: number,
  add: Add,
): void {
  if (form !== 'spiffe' && form !== 'server') return;
  if (sequenceNumber === undefined) add('info', 'SPK-3036', 'TB-02', 'it has no sequence number');
  if (refreshHint === undefined || refreshHint <= 0n) {
    add('info', 'SPK-3036', 'TB-05', 'it has no refresh hint: peers ask every five minutes');
    return;
  }
  const lifeMs = Math.max(0, ...x509Authorities.map(({ certificate }) => certificate.notAfterMs - nowMs));
  if (lifeMs > 0 && Number(refreshHint) * 1000 > lifeMs) {
    add(
      'warning',
      'SPK-3036',
      'FD-01',
      `peers are told to ask every ${spanInWords(Number(refreshHint) * 1000)}, when its last authority has expired`,
    );
  }
}

function viewKey({ keyId, key, expiresAtMs, isTainted }: SeenKeyAuthority): KeyAuthorityView {
  return { keyId: keyId.slice(0, 500), keyType: keyTypeOfObject(key), expiresAtMs, isTainted };
}
