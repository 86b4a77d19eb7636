import type { Finding } from '../findings/finding.ts';
import { counted } from '../runtime/counted.ts';
import { utcTime } from '../runtime/utc-time.ts';
import type { AuthorityLook } from './authority-look.ts';
import type { Dependents } from './dependents.ts';
import type { OldSvids } from './old-svids.ts';
import type { RotationState } from './rotation-phase.ts';
import type { Spread } from './spread.ts';

/** More names than these are counted. */
const MOST_NAMES = 20;

/** Who may not have heard of the successor yet, so would refuse what it signs. */
export function newsFindings(spread: Spread, look: AuthorityLook, { agents, federated }: Dependents): Finding[] {
  const findings: Finding[] = [];
  if (agents.length > 0 && spread.sinceMs + spread.agentsMs > look.atMs) {
    findings.push({
      code: 'SPK-6001',
      severity: 'error',
      subject: counted(agents.length, 'agent', 'agents'),
      message: `may not have the bundle with the new authority yet; they ask for it within ${spread.agentsMs / 1000} s`,
      evidence: names(agents.map(({ id }) => id)),
    });
  }
  if (federated.length > 0) {
    findings.push({
      code: 'SPK-6002',
      severity: 'error',
      subject: counted(federated.length, 'federated trust domain', 'federated trust domains'),
      message: `may not have fetched the bundle with the new authority yet; they are told to within ${spread.durationMs / 1000} s`,
      evidence: names(federated),
    });
  }
  return findings;
}

/** Who may still hold something that only the old authority vouches for. */
export function oldSvidFindings({ kind, atMs }: AuthorityLook, old: OldSvids): Finding[] {
  const findings: Finding[] = [];
  if (old.agents.length > 0) {
    findings.push({
      code: 'SPK-6003',
      severity: 'error',
      subject: counted(old.agents.length, 'agent', 'agents'),
      message: 'may still use an SVID of the old authority, and could not call the server any more',
      evidence: names(old.agents.map(({ id, expiresAtMs }) => `${id} until ${utcTime(expiresAtMs)}`)),
    });
  }
  if (old.entryCount > 0 && old.allGoneMs > atMs) {
    const ttl = old.longestTtlSeconds === 'cut' ? 'as long as the authority' : `up to ${old.longestTtlSeconds} s`;
    const word = kind === 'x509' ? 'X509-SVIDs' : 'JWT-SVIDs';
    findings.push({
      code: 'SPK-6004',
      severity: 'error',
      subject: counted(old.entryCount, 'registration entry', 'registration entries'),
      message: `workloads may still hold ${word} of the old authority, which live ${ttl}`,
      ...(old.isTtlAssumed && { evidence: ["SPIRE's default lifetime is assumed; the server is asked before a step"] }),
    });
  }
  if (old.downstream.length > 0) {
    findings.push({
      code: 'SPK-6005',
      severity: 'error',
      subject: counted(old.downstream.length, 'downstream server', 'downstream servers'),
      message: 'may still sign with a CA of the old authority',
      evidence: names(old.downstream),
    });
  }
  if (!old.isLastSignedKnown) {
    findings.push({
      code: 'SPK-6006',
      severity: 'info',
      subject: 'the moment of the activation',
      message: 'no server tells it, so SVIDs of the old authority are taken to have been signed until now',
      remedy: 'Give it by --activated-at, or let --watch see it.',
    });
  }
  return findings;
}

/** Preparing takes the slot of an old authority that is still trusted. */
export function slotLostFinding(look: AuthorityLook): Finding[] {
  const old = look.slots.find(({ slot }) => slot === 'old');
  const bundled = look.bundle.find(({ authorityId }) => authorityId === old?.authorityId);
  if (old === undefined || bundled === undefined) return [];
  return [
    {
      code: 'SPK-6007',
      severity: 'warning',
      subject: old.authorityId,
      message: 'the old authority leaves its slot when the next is prepared: it is trusted until it ends',
      remedy: `Retire it first: \`spirekit authority rotate ${look.kind} --step --authority-id ${old.authorityId}\``,
    },
  ];
}

/** What cannot be done below another authority. */
export function upstreamFinding({ target, targetId }: RotationState): Finding {
  const root = target?.upstreamAuthorityId ?? '';
  return {
    code: 'SPK-6008',
    severity: 'info',
    subject: targetId,
    message: 'it was signed by an upstream authority, so it can be neither tainted nor revoked by itself',
    remedy: `If that root is to go, have it replaced above and then: \`spirekit upstreamauthority taint --subject-key-id ${root}\``,
  };
}

/** An authority that is trusted but stands in no slot. */
export function outOfReachFinding(look: AuthorityLook, { targetId }: RotationState): Finding {
  const end = look.bundle.find(({ authorityId }) => authorityId === targetId)?.expiresAtMs ?? look.atMs;
  return {
    code: 'SPK-6009',
    severity: 'error',
    subject: targetId,
    message: `it stands in no slot any more, so it cannot be tainted; it ends at ${utcTime(end)}`,
    remedy:
      look.kind === 'x509'
        ? 'Wait for its end: the server takes it out of the bundle a day later.'
        : `Once nothing of it is in use: \`spirekit localauthority jwt revoke --authority-id ${targetId}\``,
  };
}

function names(all: readonly string[]): string[] {
  const shown = all.slice(0, MOST_NAMES);
  return all.length > shown.length ? [...shown, `and ${all.length - shown.length} more`] : shown;
}
