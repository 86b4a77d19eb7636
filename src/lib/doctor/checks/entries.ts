import type { Finding } from '../../findings/finding.ts';
import { spiffeIdText } from '../../wire/convert/spiffe-id.ts';
import type { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import type { Check } from '../check.ts';
import { spanWords } from '../durations.ts';
import type { ServerPatient } from '../patient.ts';

/** Findings of one kind that are told one by one; a last one counts the rest. */
const MOST_TOLD = 20;

/** An agent that looks every 5 s renews at half of the lifetime, and a failed try needs another. */
const LEAST_TTL_SECONDS = 20;

/** Registration entries that cannot work: twins, unreachable parents, lifetimes below the agents' rhythm. */
export const entries: Check<ServerPatient> = {
  name: 'entries',
  async look({ contents, config }) {
    const [all, agents] = await Promise.all([contents.entries(), contents.agents()]);
    const known = new Set(agents.map(({ id }) => spiffeIdText(id)));
    const fallback = config.kind === 'valid' ? config.value.defaultX509SvidTtlSeconds : undefined;
    return [...few(twins(all)), ...few(orphans(all, known)), ...few(shortLived(all, fallback))];
  },
};

/** The same ID, selectors and another parent, or the same selectors and parent and a hint that is taken. */
function twins(all: readonly Entry[]): Finding[] {
  const bySelectors = new Map<string, Entry>();
  const found: Finding[] = [];
  for (const entry of all) {
    const selectors = entry.selectors.map(({ type, value }) => `${type}:${value}`).sort();
    const key = JSON.stringify([spiffeIdText(entry.parentId), selectors, entry.hint]);
    const first = entry.hint === '' ? undefined : bySelectors.get(key);
    bySelectors.set(key, bySelectors.get(key) ?? entry);
    if (first === undefined) continue;
    found.push({
      code: 'SPK-4080',
      severity: 'warning',
      subject: entry.id,
      message: `two entries with the hint ${JSON.stringify(entry.hint)} match the same workloads, and only the older one is served`,
      evidence: [`${first.id}: ${spiffeIdText(first.spiffeId)}`, `${entry.id}: ${spiffeIdText(entry.spiffeId)}`],
      remedy: `give one of them another hint: \`spirekit entry update --entry-id ${entry.id} --hint NAME ...\``,
    });
  }
  return found;
}

/** Entries below a parent that is neither an agent nor an entry: nobody is ever entitled to them. */
function orphans(all: readonly Entry[], agents: ReadonlySet<string>): Finding[] {
  const ids = new Set(all.map(({ spiffeId }) => spiffeIdText(spiffeId)));
  return all
    .filter(({ parentId }) => {
      const parent = spiffeIdText(parentId);
      return !agents.has(parent) && !ids.has(parent) && parentId?.path !== '/spire/server';
    })
    .map((entry) => ({
      code: 'SPK-4081',
      severity: 'warning',
      subject: entry.id,
      message: `its parent ${spiffeIdText(entry.parentId)} is neither an agent nor an entry, so no workload gets ${spiffeIdText(entry.spiffeId)}`,
      remedy: `name an agent of \`spirekit agent list\`: \`spirekit entry update --entry-id ${entry.id} --parent-id ID ...\`; or attest the agent`,
    }));
}

function shortLived(all: readonly Entry[], fallback: number | undefined): Finding[] {
  return all
    .filter(({ x509SvidTtl }) => {
      const ttl = x509SvidTtl || fallback;
      return ttl !== undefined && ttl < LEAST_TTL_SECONDS;
    })
    .map((entry) => ({
      code: 'SPK-4071',
      severity: 'warning',
      subject: entry.id,
      message: `SVIDs of ${spiffeIdText(entry.spiffeId)} live ${spanWords((entry.x509SvidTtl || (fallback ?? 0)) * 1000)}, and an agent that syncs every 5s may not renew them in time`,
      remedy: `\`spirekit entry update --entry-id ${entry.id} --x509-svid-ttl 3600 ...\``,
    }));
}

function few(findings: readonly Finding[]): Finding[] {
  const [first] = findings;
  const more = findings.length - MOST_TOLD;
  if (first === undefined || more <= 0) return [...findings];
  const { code, severity } = first;
  return [
    ...findings.slice(0, MOST_TOLD),
    { code, severity, subject: 'entries', message: `and ${more} more of these` },
  ];
}
