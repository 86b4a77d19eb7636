import type { Certificate } from '../crypto/certificate.ts';
import { Oid } from '../crypto/oids.ts';
import type { Finding, Severity, SpkCode } from '../findings/finding.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { getSpiffeId } from '../spiffe/x509-svid.ts';
import type { ChainDocument } from './document.ts';
import { lifeInWords } from './lifetime.ts';
import { findingOfRefusal } from './refusal.ts';
import { type RuleId, ruleLabel } from './rules.ts';

/** Findings about one chain; a hostile one could bring any number. */
const MOST_FINDINGS = 50;

/** What the standards say of the certificates themselves and of their place in the chain. Nobody's signature is checked. */
export function examineChain({ name, certificates, key }: ChainDocument, nowMs: number): Finding[] {
  const [leaf, ...above] = certificates;
  if (leaf === undefined) return [];
  const notes = new Notes(name);
  notes.addAll(examineId(name, leaf));
  examineLeaf(notes, leaf, nowMs);
  if (key === 'differs') {
    notes.add('error', 'SPK-3009', 'WA-17', 'the private key beside it is not that of the leaf');
  }
  for (const [index, certificate] of above.slice(0, 15).entries())
    examineIssuer(notes, certificate, index + 2, leaf, nowMs);
  if (above.length > 15) {
    notes.add(
      'warning',
      'SPK-3004',
      'XS-19',
      `the chain has ${certificates.length} certificates; verifiers stop at 16`,
    );
  }
  return notes.findings.slice(0, MOST_FINDINGS);
}

class Notes {
  readonly findings: Finding[] = [];
  readonly #subject: string;

  constructor(subject: string) {
    this.#subject = subject;
  }

  add(severity: Severity, code: SpkCode, rule: RuleId, message: string): void {
    this.findings.push({ code, severity, subject: this.#subject, message, rule: ruleLabel(rule) });
  }

  addAll(findings: readonly Finding[]): void {
    this.findings.push(...findings);
  }
}

function examineId(name: string, leaf: Certificate): Finding[] {
  try {
    getSpiffeId(leaf);
    return [];
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return [findingOfRefusal(name, error, 'x509')];
  }
}

function examineLeaf(notes: Notes, leaf: Certificate, nowMs: number): void {
  if (nowMs > leaf.notAfterMs) notes.add('error', 'SPK-3002', 'XS-19', `the leaf ${lifeInWords(leaf, nowMs)}`);
  else if (nowMs < leaf.notBeforeMs) notes.add('error', 'SPK-3003', 'XS-19', `the leaf is ${lifeInWords(leaf, nowMs)}`);
  if (leaf.isCa)
    notes.add('error', 'SPK-3007', 'XS-10', 'the leaf is a CA: whoever holds its key could make identities');
  for (const usage of ['keyCertSign', 'cRLSign'] as const) {
    if (leaf.keyUsages?.has(usage) === true)
      notes.add('error', 'SPK-3007', 'XS-16', `the leaf has the key usage ${usage}`);
  }
  if (!leaf.isCa && leaf.uris.length === 1 && /^spiffe:\/\/[^/]+$/.test(leaf.uris[0] ?? '')) {
    notes.add('error', 'SPK-3007', 'XS-04', 'the SPIFFE ID of the leaf has no path: it is that of an authority');
  }
  if (leaf.keyUsages === undefined) {
    notes.add('warning', 'SPK-3008', 'XS-13', 'the leaf has no key usage extension');
  } else {
    if (!leaf.keyUsages.has('digitalSignature')) {
      notes.add('error', 'SPK-3008', 'XS-15', 'the leaf lacks the key usage digitalSignature');
    }
    if (leaf.extensions.get(Oid.keyUsage)?.isCritical === false) {
      notes.add('warning', 'SPK-3008', 'XS-13', 'the key usage of the leaf is not critical');
    }
  }
  const usages = leaf.extendedKeyUsages;
  if (usages === undefined) {
    notes.add('info', 'SPK-3008', 'XS-17', 'the leaf has no extended key usage');
  } else if (!usages.includes('serverAuth') || !usages.includes('clientAuth')) {
    notes.add('warning', 'SPK-3008', 'XS-18', 'the extended key usage of the leaf lacks serverAuth or clientAuth');
  }
  if (leaf.subject.isEmpty && leaf.extensions.get(Oid.subjectAltName)?.isCritical === false) {
    notes.add(
      'warning',
      'SPK-3005',
      'XS-05',
      'the subject of the leaf is empty, and its alternative names are not critical',
    );
  }
  for (const oid of leaf.unhandledCriticalExtensions.slice(0, 5)) {
    notes.add('error', 'SPK-3004', 'XS-19', `the leaf has the critical extension ${oid}, which nobody here knows`);
  }
}

function examineIssuer(notes: Notes, issuer: Certificate, place: number, leaf: Certificate, nowMs: number): void {
  const which = `certificate ${place} of the chain`;
  if (!issuer.isCa) notes.add('error', 'SPK-3004', 'XS-10', `${which} is no CA`);
  if (issuer.keyUsages?.has('keyCertSign') === false) {
    notes.add('error', 'SPK-3004', 'XS-14', `${which} may not sign certificates`);
  }
  if (nowMs > issuer.notAfterMs) notes.add('error', 'SPK-3002', 'XS-19', `${which} ${lifeInWords(issuer, nowMs)}`);
  if (nowMs < issuer.notBeforeMs) notes.add('error', 'SPK-3003', 'XS-19', `${which} is ${lifeInWords(issuer, nowMs)}`);
  if (issuer.notAfterMs < leaf.notAfterMs && nowMs <= issuer.notAfterMs) {
    notes.add('warning', 'SPK-3012', 'XS-19', `${which} ends before the leaf does: the leaf is good only until then`);
  }
  const [uri] = issuer.uris;
  if (uri === undefined) return;
  const id = findId(uri);
  const leafId = findId(leaf.uris[0] ?? '');
  if (id !== undefined && id.path !== '')
    notes.add('warning', 'SPK-3004', 'XS-07', `the SPIFFE ID of ${which} has a path`);
  if (id !== undefined && leafId !== undefined && !id.isMemberOf(leafId.trustDomain)) {
    notes.add('warning', 'SPK-3004', 'XS-08', `${which} is of another trust domain than the leaf`);
  }
}

function findId(text: string): SpiffeId | undefined {
  try {
    return SpiffeId.parse(text);
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return undefined;
  }
}
