import type { Finding } from '../../findings/finding.ts';
import type { Agent } from '../../wire/gen/spire/api/types/agent.ts';
import type { Check } from '../check.ts';
import { momentWords } from '../durations.ts';
import type { ServerPatient } from '../patient.ts';

/** So many are named; the count tells of the others. */
const MOST_NAMED = 5;

/** The agents that a server knows: expired, banned, and those of a version that it may not serve. */
export const agents: Check<ServerPatient> = {
  name: 'agents',
  async look({ contents, surroundings }) {
    const all = await contents.agents();
    const nowMs = surroundings.clock.nowMs();
    const expired = all.filter(({ banned, x509svidExpiresAt }) => !banned && Number(x509svidExpiresAt) * 1000 < nowMs);
    const banned = all.filter((agent) => agent.banned);
    return [...expiredOnes(expired, all.length), ...bannedOnes(banned, all.length), ...versions(all)];
  },
};

function expiredOnes(expired: readonly Agent[], count: number): Finding[] {
  if (expired.length === 0) return [];
  const named = expired.map(
    (agent) => `${idOf(agent)}, expired ${momentWords(Number(agent.x509svidExpiresAt) * 1000)}`,
  );
  return [
    {
      code: 'SPK-4082',
      severity: 'warning',
      subject: 'agents',
      message: `${expired.length} of ${count} agents have not renewed their SVIDs in time`,
      evidence: some(named),
      remedy: 'start those that should run; drop the others: `spirekit agent purge --dry-run`',
    },
  ];
}

function bannedOnes(banned: readonly Agent[], count: number): Finding[] {
  if (banned.length === 0) return [];
  return [
    {
      code: 'SPK-4083',
      severity: 'info',
      subject: 'agents',
      message: `${banned.length} of ${count} agents are banned`,
      evidence: some(banned.map(idOf)),
      remedy: 'one that may come back has to be evicted first: `spirekit agent evict --spiffe-id ID`',
    },
  ];
}

/** SPIRE promises that a server serves agents of its own minor version and of the one before it; agents of more than two differ too much. */
function versions(all: readonly Agent[]): Finding[] {
  const minors = new Map<string, number>();
  for (const { agentVersion } of all) {
    const [, minor] = /^(\d{1,4}\.\d{1,4})\./.exec(agentVersion) ?? [];
    if (minor !== undefined) minors.set(minor, (minors.get(minor) ?? 0) + 1);
  }
  const sorted = [...minors.keys()].sort((a, b) => ordinal(a) - ordinal(b));
  const [oldest = '', newest = ''] = [sorted[0], sorted.at(-1)];
  if (ordinal(newest) - ordinal(oldest) <= 1) return [];
  return [
    {
      code: 'SPK-4040',
      severity: 'warning',
      subject: 'agents',
      message: `agents of ${oldest} and of ${newest} use this server, which speaks with two neighbouring minor versions for sure`,
      evidence: some(sorted.map((minor) => `${minor}: ${minors.get(minor)} agents`)),
      remedy: 'upgrade the oldest agents: `spirekit agent list --output json` tells the version of each',
    },
  ];
}

function ordinal(minor: string): number {
  const [major = 0, rest = 0] = minor.split('.').map(Number);
  return major * 10_000 + rest;
}

function idOf({ id }: Agent): string {
  return id === undefined ? 'an agent without an ID' : `spiffe://${id.trustDomain}${id.path}`;
}

function some(lines: readonly string[]): string[] {
  const more = lines.length - MOST_NAMED;
  return more > 0 ? [...lines.slice(0, MOST_NAMED), `and ${more} more`] : [...lines];
}
