import type { BundleDifference } from '../../inspect/bundle-diff.ts';
import type { BundleInspection, KeyAuthorityView } from '../../inspect/bundle-inspection.ts';
import { lifeInWords, spanInWords, utc } from '../../inspect/lifetime.ts';
import { counted } from '../../runtime/counted.ts';
import { escapeControls } from '../terminal-text.ts';
import { formatFindings } from './findings.ts';

/** Bundles for people, an empty line between two. */
export function formatBundleInspections(bundles: readonly BundleInspection[], nowMs: number): string {
  return bundles.map((bundle) => formatBundleInspection(bundle, nowMs)).join('\n');
}

function formatBundleInspection(bundle: BundleInspection, nowMs: number): string {
  const { trustDomain, name, form, x509Authorities, sequenceNumber, refreshHint } = bundle;
  const lines = [`${trustDomain ?? '(no trust domain)'}  bundle  ${name}`];
  if (form !== 'unreadable') {
    if (sequenceNumber !== undefined) lines.push(`  sequence  ${sequenceNumber}`);
    if (refreshHint !== undefined) lines.push(`  refresh   ${hintInWords(refreshHint)}`);
    lines.push(`  ${counted(x509Authorities.length, 'X.509 authority', 'X.509 authorities')}`);
    for (const { authorityId, certificate, isTainted } of x509Authorities) {
      lines.push(`    ${authorityId}${isTainted ? '  TAINTED' : ''}  ${lifeInWords(certificate, nowMs)}`);
      lines.push(
        `      ${certificate.subject === '' ? '(no subject)' : certificate.subject}, ${certificate.keyType}, to ${utc(certificate.notAfterMs)}`,
      );
    }
    lines.push(
      `  ${counted(bundle.jwtAuthorities.length, 'JWT key', 'JWT keys')}`,
      ...bundle.jwtAuthorities.map(keyLine),
    );
    if (bundle.witAuthorities.length > 0) lines.push('  WIT keys', ...bundle.witAuthorities.map(keyLine));
  }
  return `${lines.map(escapeControls).join('\n')}\n${formatFindings(bundle.findings)}`;
}

function keyLine({ keyId, keyType, expiresAtMs, isTainted }: KeyAuthorityView): string {
  const until = expiresAtMs === undefined ? '' : `, to ${utc(expiresAtMs)}`;
  return `    ${keyId}${isTainted ? '  TAINTED' : ''}  ${keyType}${until}`;
}

function hintInWords(seconds: bigint): string {
  return seconds > 0n && seconds < 2n ** 31n ? `every ${spanInWords(Number(seconds) * 1000)}` : `${seconds} seconds`;
}

const SIGNS = { added: '+', removed: '-', tainted: '!', untainted: '~', replaced: '!' } as const;
const KINDS = { x509: 'X.509 authority', jwt: 'JWT key', wit: 'WIT key' } as const;

/** What differs between two bundles, for people. */
export function formatBundleDiff(differences: readonly BundleDifference[]): string {
  if (differences.length === 0) return 'The bundles are the same.\n';
  return differences
    .map(({ trustDomain, onlyIn, changes, sequence, findings }) => {
      const lines = [
        `${trustDomain === '' ? '(no trust domain)' : trustDomain}${onlyIn === undefined ? '' : `: only in the ${onlyIn} source`}`,
      ];
      for (const { change, kind, id } of changes)
        lines.push(
          `  ${SIGNS[change]} ${KINDS[kind]} ${id}${change === 'added' || change === 'removed' ? '' : ` (${change})`}`,
        );
      const [before, after] = sequence;
      if (before !== after) lines.push(`  sequence ${before ?? 'not said'} -> ${after ?? 'not said'}`);
      return `${lines.map(escapeControls).join('\n')}\n${formatFindings(findings)}`;
    })
    .join('\n');
}
