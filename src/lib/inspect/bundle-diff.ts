import type { Finding } from '../findings/finding.ts';
import { authorityIdOf } from './certificate-view.ts';
import type { BundleDocument } from './document.ts';
import { lifeInWords, utc } from './lifetime.ts';
import { ruleLabel } from './rules.ts';

/** One authority that the two do not have alike. */
export interface AuthorityChange {
  readonly change: 'added' | 'removed' | 'tainted' | 'untainted' | 'replaced';
  readonly kind: 'x509' | 'jwt' | 'wit';
  /** An authority ID or a key ID. */
  readonly id: string;
}

/** What differs between two copies of a bundle, from the first to the second. */
export interface BundleDifference {
  readonly trustDomain: string;
  /** Which of the two has no bundle of it, if one has not. */
  readonly onlyIn: 'first' | 'second' | undefined;
  readonly changes: readonly AuthorityChange[];
  readonly sequence: readonly [first: bigint | undefined, second: bigint | undefined];
  readonly refreshHint: readonly [first: bigint | undefined, second: bigint | undefined];
  /** What it means for those who have the one and meet the other. */
  readonly findings: readonly Finding[];
}

/** Compares what each source has of each trust domain; those that are the same in both are not in the list. */
export function diffBundles(
  first: readonly BundleDocument[],
  second: readonly BundleDocument[],
  nowMs: number,
): BundleDifference[] {
  const nameOf = ({ trustDomain }: BundleDocument): string => trustDomain?.name ?? '';
  // A single bundle without a name is compared with the single one of the other side, whatever that is called.
  const onlyFirst = first.length === 1 ? first[0] : undefined;
  const onlySecond = second.length === 1 ? second[0] : undefined;
  const isPair = onlyFirst !== undefined && onlySecond !== undefined;
  if (isPair && (nameOf(onlyFirst) === '' || nameOf(onlySecond) === '')) {
    return differences(nameOf(onlyFirst) || nameOf(onlySecond), onlyFirst, onlySecond, nowMs);
  }
  const names = [...new Set([...first, ...second].map(nameOf))].sort();
  return names.flatMap((name) =>
    differences(
      name,
      first.find((bundle) => nameOf(bundle) === name),
      second.find((bundle) => nameOf(bundle) === name),
      nowMs,
    ),
  );
}

function differences(
  trustDomain: string,
  first: BundleDocument | undefined,
  second: BundleDocument | undefined,
  nowMs: number,
): BundleDifference[] {
  const changes = [
    ...x509Changes(first, second),
    ...keyChanges('jwt', first, second),
    ...keyChanges('wit', first, second),
  ];
  const sequence = [first?.sequenceNumber, second?.sequenceNumber] as const;
  const refreshHint = [first?.refreshHint, second?.refreshHint] as const;
  const onlyIn = second === undefined ? 'first' : first === undefined ? 'second' : undefined;
  const isSame = changes.length === 0 && !differ(sequence) && !differ(refreshHint) && onlyIn === undefined;
  if (isSame) return [];
  const findings = consequences(trustDomain, changes, sequence, second, nowMs);
  return [{ trustDomain, onlyIn, changes, sequence, refreshHint, findings }];
}

/** A number that one side cannot carry differs from nothing. */
function differ([first, second]: readonly [bigint | undefined, bigint | undefined]): boolean {
  return first !== undefined && second !== undefined && first !== second;
}

function x509Changes(first: BundleDocument | undefined, second: BundleDocument | undefined): AuthorityChange[] {
  const bytes = (bundle: BundleDocument | undefined) =>
    new Map(
      (bundle?.x509Authorities ?? []).map((authority) => [
        Buffer.from(authority.certificate.der).toString('latin1'),
        authority,
      ]),
    );
  const [before, after] = [bytes(first), bytes(second)];
  const changes: AuthorityChange[] = [];
  for (const [der, { certificate, isTainted }] of after) {
    const old = before.get(der);
    const id = authorityIdOf(certificate);
    if (old === undefined) changes.push({ change: 'added', kind: 'x509', id });
    else if (old.isTainted !== isTainted && first?.form === second?.form) {
      changes.push({ change: isTainted ? 'tainted' : 'untainted', kind: 'x509', id });
    }
  }
  for (const [der, { certificate }] of before) {
    if (!after.has(der)) changes.push({ change: 'removed', kind: 'x509', id: authorityIdOf(certificate) });
  }
  return changes;
}

function keyChanges(
  kind: 'jwt' | 'wit',
  first: BundleDocument | undefined,
  second: BundleDocument | undefined,
): AuthorityChange[] {
  // A file of certificates carries no keys at all: their absence says nothing.
  if ([first, second].some((bundle) => bundle?.form === 'pem' || bundle?.form === 'der')) return [];
  const keys = (bundle: BundleDocument | undefined) =>
    new Map((kind === 'jwt' ? bundle?.jwtAuthorities : bundle?.witAuthorities)?.map((key) => [key.keyId, key]) ?? []);
  const [before, after] = [keys(first), keys(second)];
  const changes: AuthorityChange[] = [];
  for (const [id, { key, isTainted }] of after) {
    const old = before.get(id);
    if (old === undefined) changes.push({ change: 'added', kind, id });
    else if (!old.key.equals(key)) changes.push({ change: 'replaced', kind, id });
    else if (old.isTainted !== isTainted && first?.form === second?.form) {
      changes.push({ change: isTainted ? 'tainted' : 'untainted', kind, id });
    }
  }
  for (const id of before.keys()) if (!after.has(id)) changes.push({ change: 'removed', kind, id });
  return changes;
}

function consequences(
  subject: string,
  changes: readonly AuthorityChange[],
  [before, after]: BundleDifference['sequence'],
  second: BundleDocument | undefined,
  nowMs: number,
): Finding[] {
  const findings: Finding[] = [];
  for (const { change, kind, id } of changes) {
    const what = kind === 'x509' ? `X509-SVIDs that lead to ${id}` : `tokens signed by ${id}`;
    if (change === 'added') {
      const from = kind === 'x509' ? since(second, id, nowMs) : '';
      findings.push({
        code: 'SPK-3050',
        severity: 'warning',
        subject,
        message: `peers with the first copy refuse ${what}${from}`,
      });
    } else if (change === 'removed') {
      findings.push({
        code: 'SPK-3051',
        severity: 'warning',
        subject,
        message: `peers with the second copy refuse ${what}`,
      });
    } else if (change === 'replaced') {
      findings.push({
        code: 'SPK-3052',
        severity: 'error',
        subject,
        message: `the key ID ${id} stands for another key in each: ${what} pass at one of them only`,
      });
    } else if (change === 'tainted') {
      findings.push({
        code: 'SPK-3034',
        severity: 'warning',
        subject,
        message: `${what} are to be replaced before ${id} is revoked`,
      });
    }
  }
  if (before !== undefined && after !== undefined && after < before) {
    findings.push({
      code: 'SPK-3053',
      severity: 'warning',
      subject,
      message: `the second copy is older: sequence ${after} after ${before}`,
      rule: ruleLabel('FD-05'),
    });
  }
  if (
    before !== undefined &&
    before === after &&
    changes.some(({ change }) => change === 'added' || change === 'removed')
  ) {
    findings.push({
      code: 'SPK-3053',
      severity: 'error',
      subject,
      message: `the contents differ under one sequence number, ${after}`,
      rule: ruleLabel('TB-03'),
    });
  }
  return findings;
}

function since(bundle: BundleDocument | undefined, id: string, nowMs: number): string {
  const found = bundle?.x509Authorities.find(({ certificate }) => authorityIdOf(certificate) === id)?.certificate;
  if (found === undefined) return '';
  return `, made at ${utc(found.notBeforeMs)} or later (it ${lifeInWords(found, nowMs)})`;
}
