import { Certificate } from '../../crypto/certificate.ts';
import { bundleFingerprint, certificateFingerprint } from '../../federating/bundle-fingerprint.ts';
import type { FederationDifference, WantedRelationship } from '../../federating/join.ts';
import type { Finding } from '../../findings/finding.ts';
import { counted } from '../../runtime/counted.ts';
import { utcTime } from '../../runtime/utc-time.ts';
import type { AuthorityBundle } from '../../spiffe/authority-bundle.ts';
import type { JsonValue } from '../protojson.ts';
import { shellQuoted } from '../same-server.ts';
import { fromNow, shortDuration } from '../short-duration.ts';
import { escapeControls } from '../terminal-text.ts';
import { findingsJson, formatFindings } from './findings.ts';

/** More authorities than these are counted. */
const MOST_SHOWN = 20;

/** How joining ended. */
export interface JoinReport {
  readonly result: 'joined' | 'already-joined' | 'differs' | 'declined';
  readonly wanted: WantedRelationship;
  readonly bundle: AuthorityBundle;
  readonly differences: readonly FederationDifference[];
  readonly findings: readonly Finding[];
  /** Of this side, for the other to compare. */
  readonly own: AuthorityBundle;
}

/** A bundle that is to be agreed to: whose it is, what it trusts, and its fingerprint. */
export function formatOfferedBundle(
  { trustDomain, url, profile, endpointId }: WantedRelationship,
  bundle: AuthorityBundle,
  nowMs: number,
): string {
  const { x509Authorities, jwtAuthorities, sequenceNumber, refreshHintSeconds } = bundle;
  const lines = [
    `Trust domain     ${trustDomain}`,
    `Bundle endpoint  ${url} (${profile}${endpointId === '' ? '' : `, ${endpointId}`})`,
    `Sequence number  ${sequenceNumber}`,
    `Refresh hint     ${refreshHintSeconds === 0 ? 'none' : shortDuration(refreshHintSeconds * 1000)}`,
    ...x509Authorities.slice(0, MOST_SHOWN).flatMap(({ certificate }) => rootLines(certificate, nowMs)),
    ...more(x509Authorities.length, 'X.509 root'),
    ...jwtAuthorities.slice(0, MOST_SHOWN).map(({ keyId }) => `JWT key          ${keyId}`),
    ...more(jwtAuthorities.length, 'JWT key'),
    `Fingerprint      ${bundleFingerprint(bundle)}`,
  ];
  return `${lines.map(escapeControls).join('\n')}\n`;
}

/** The text of `federation join`. */
export function formatJoinReport(report: JoinReport): string {
  const { result, wanted, differences, findings } = report;
  const name = wanted.trustDomain.toString();
  const said = findings.length === 0 ? '' : `\n${formatFindings(findings)}`;
  switch (result) {
    case 'joined':
      return `Federated with ${name}.\n${said}\n${otherSideText(report)}`;
    case 'already-joined':
      return `Federated with ${name} already: nothing to do.\n${said}\n${otherSideText(report)}`;
    case 'differs': {
      const lines = differences.map(
        ({ field, held, wanted: asked }) => `  ${field}: it is ${held || 'none'}, not ${asked || 'none'}`,
      );
      const head = `There is another relationship with ${name} already; it stays:`;
      return `${[head, ...lines].map(escapeControls).join('\n')}\nTo change it: \`spirekit federation update\`.\n`;
    }
    case 'declined':
      return 'Nothing was changed.\n';
  }
}

/** The JSON of `federation join`: `federation-join/v1`. */
export function joinJson(report: JoinReport): JsonValue {
  const { result, wanted, bundle, differences, findings } = report;
  return {
    schema: 'federation-join/v1',
    result,
    trust_domain: wanted.trustDomain.name,
    bundle_endpoint_url: wanted.url,
    bundle_endpoint_profile: wanted.profile,
    ...(wanted.endpointId === '' ? {} : { endpoint_spiffe_id: wanted.endpointId }),
    fingerprint: bundleFingerprint(bundle),
    sequence_number: bundle.sequenceNumber.toString(),
    refresh_hint_seconds: bundle.refreshHintSeconds,
    x509_authorities: bundle.x509Authorities.map(({ certificate }) => ({
      fingerprint: certificateFingerprint(certificate),
      expires_at: utcTime(Certificate.parse(certificate).notAfterMs),
    })),
    jwt_authorities: bundle.jwtAuthorities.map(({ keyId }) => ({ key_id: keyId })),
    differences: differences.map(({ field, held, wanted: asked }) => ({ field, held, wanted: asked })),
    findings: findingsJson(findings),
    other_side_command: otherSideCommand(report),
  };
}

/** Nobody here can see whether the other side has this side's bundle. */
function otherSideText(report: JoinReport): string {
  return `The other side needs the bundle of ${report.own.trustDomain} as well; whether it has it cannot be seen from here. Its operators run:\n  ${otherSideCommand(report)}\n`;
}

function otherSideCommand({ own }: JoinReport): string {
  const words = ['spirekit', 'federation', 'join', 'https://BUNDLE-ENDPOINT-OF-THIS-SERVER/'];
  return [...words, '--trust-domain', shellQuoted(own.trustDomain.name), '--fingerprint', bundleFingerprint(own)].join(
    ' ',
  );
}

function rootLines(certificate: Uint8Array, nowMs: number): string[] {
  const { notAfterMs, uris } = Certificate.parse(certificate);
  return [
    `X.509 root       SHA-256 ${certificateFingerprint(certificate)}`,
    `                 ${uris.join(', ') || 'names no trust domain'}, ends ${utcTime(notAfterMs)} (${fromNow(notAfterMs, nowMs)})`,
  ];
}

function more(count: number, what: string): string[] {
  return count <= MOST_SHOWN
    ? []
    : [`                 and ${counted(count - MOST_SHOWN, `more ${what}`, `more ${what}s`)}`];
}
