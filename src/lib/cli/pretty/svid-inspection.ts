import type { CertificateView } from '../../inspect/certificate-view.ts';
import { lifeInWords, utc } from '../../inspect/lifetime.ts';
import type { SvidInspection } from '../../inspect/svid-inspection.ts';
import type { TokenView } from '../../inspect/token-examination.ts';
import { escapeControls } from '../terminal-text.ts';
import { formatFindings } from './findings.ts';

/** SVIDs for people, an empty line between two; everything from outside is escaped. */
export function formatSvidInspections(inspections: readonly SvidInspection[], nowMs: number): string {
  return inspections.map((inspection) => formatSvidInspection(inspection, nowMs)).join('\n');
}

const KINDS = { 'x509-svid': 'X509-SVID', 'jwt-svid': 'JWT-SVID', unreadable: 'unreadable' } as const;

function formatSvidInspection(inspection: SvidInspection, nowMs: number): string {
  const { name, kind, spiffeId, hint, lifetime, token, key, certificates, certificateCount } = inspection;
  const lines = [`${spiffeId === '' ? '(no SPIFFE ID)' : spiffeId}  ${KINDS[kind]}  ${name}`];
  if (hint !== '') lines.push(`  hint      ${hint}`);
  if (lifetime !== undefined) {
    lines.push(`  time      ${lifeInWords(lifetime, nowMs)}`);
    lines.push(`            from ${utc(lifetime.notBeforeMs)} to ${utc(lifetime.notAfterMs)}`);
  }
  if (kind === 'x509-svid') lines.push(`  key       ${keyLine(certificates[0], key)}`);
  if (token !== undefined) lines.push(...tokenLines(token));
  if (certificates.length > 0) lines.push('  chain', ...chainTree(certificates, certificateCount));
  const findings = formatFindings(inspection.findings);
  return `${lines.map(escapeControls).join('\n')}\n${findings === '' ? '  nothing to complain about\n' : findings}`;
}

function keyLine(leaf: CertificateView | undefined, key: SvidInspection['key']): string {
  const kinds = {
    matches: ', and the private key beside it is its own',
    differs: ', and the private key beside it is another',
    absent: '',
  };
  return `${leaf?.keyType ?? 'none'}${kinds[key]}`;
}

function tokenLines({ algorithm, keyId, audience, issuer, otherHeaders, otherClaims }: TokenView): string[] {
  const lines = [
    `  signed    ${algorithm === '' ? '(no algorithm)' : algorithm} by the key ${keyId === '' ? '(no key ID)' : keyId}`,
  ];
  lines.push(`  audience  ${audience.length === 0 ? '(none)' : audience.join(', ')}`);
  if (issuer !== '') lines.push(`  issuer    ${issuer}`);
  if (otherClaims.length > 0) lines.push(`  claims    also ${otherClaims.join(', ')}`);
  if (otherHeaders.length > 0) lines.push(`  headers   also ${otherHeaders.join(', ')}`);
  return lines;
}

/** The chain from the leaf to where it ends, each issuer below and to the right of what it signed. */
export function chainTree(certificates: readonly CertificateView[], count: number): string[] {
  const lines: string[] = [];
  for (const [index, certificate] of certificates.entries()) {
    const indent = `  ${'   '.repeat(index)}`;
    lines.push(
      `${indent}${index === 0 ? '' : '└─ '}${index === 0 ? 'leaf ' : certificate.isCa ? 'CA ' : 'not a CA '}${subjectOf(certificate)}`,
    );
    const details = `${indent}${index === 0 ? '' : '   '}│  `;
    lines.push(...detailsOf(certificate).map((detail) => `${details}${detail}`));
  }
  const last = certificates.at(-1);
  const indent = `  ${'   '.repeat(certificates.length)}`;
  if (count > certificates.length) lines.push(`${indent}└─ and ${count - certificates.length} more`);
  else if (last !== undefined && (last.issuer !== last.subject || !last.isCa)) {
    const id = last.authorityKeyId === '' ? last.issuer : last.authorityKeyId;
    lines.push(`${indent}└─ authority ${id === '' ? '(unnamed)' : id}, not in the chain: it has to be in the bundle`);
  }
  return lines;
}

function detailsOf(certificate: CertificateView): string[] {
  const { uris, dnsNames, ipAddresses, nameCount, keyUsages, extendedKeyUsages, pathLength } = certificate;
  const names = [...uris, ...dnsNames, ...ipAddresses];
  const more = nameCount > names.length ? `, and ${nameCount - names.length} more` : '';
  const usages = [keyUsages.join(' '), extendedKeyUsages.join(' ')].filter((text) => text !== '');
  return [
    ...(names.length === 0 ? [] : [`names    ${names.join(', ')}${more}`]),
    `usages   ${usages.length === 0 ? '(none)' : usages.join('; ')}${pathLength === undefined ? '' : `; path length ${pathLength}`}`,
    `serial   ${certificate.serialNumber}, ${certificate.keyType}`,
    `time     ${utc(certificate.notBeforeMs)} to ${utc(certificate.notAfterMs)}`,
    `SKI      ${certificate.subjectKeyId === '' ? '(none)' : certificate.subjectKeyId}`,
    `AKI      ${certificate.authorityKeyId === '' ? '(none)' : certificate.authorityKeyId}`,
    `SHA-256  ${certificate.sha256}`,
  ];
}

function subjectOf({ subject }: CertificateView): string {
  return subject === '' ? '(no subject)' : subject;
}
