import { formatSelector } from '../spiffe/selector.ts';
import type { ServerAgent, ServerFacts } from './facts.ts';
import { compareNearness, type EntryView, judgeEntry, type NearEntry } from './near-entry.ts';
import type { Reach } from './reach.ts';

/** How every entry of the server compares with a workload. */
export interface Comparison {
  /** Entries that give their SPIFFE ID to the workload. */
  readonly matches: readonly NearEntry[];
  /** The others, the nearest first. */
  readonly misses: readonly NearEntry[];
}

/** Compares all entries; of those that match and share a hint, only the one that agents serve is a match. */
export function compareEntries(server: Extract<ServerFacts, { kind: 'told' }>, view: EntryView): Comparison {
  const judged = server.entries.map((entry) => judgeEntry(entry, view));
  const fitting = judged.filter(({ obstacles }) => obstacles.length === 0);
  const misses = judged.filter(({ obstacles }) => obstacles.length > 0);
  const matches: NearEntry[] = [];
  for (const match of fitting) {
    const winner = servedOfHint(match, fitting);
    if (winner === match) matches.push(match);
    else misses.push(shadowed(match, winner));
  }
  // As agents order what they serve.
  matches.sort((a, b) => (a.entry.id < b.entry.id ? -1 : 1));
  return { matches, misses: misses.sort(compareNearness) };
}

/** Of the entries with its hint, the one created first, or with the first ID of those created in the same second. */
function servedOfHint(match: NearEntry, fitting: readonly NearEntry[]): NearEntry {
  const { hint } = match.entry.wire;
  if (hint === '') return match;
  return fitting
    .filter(({ entry }) => entry.wire.hint === hint)
    .reduce((best, each) => (isOlder(each, best) ? each : best));
}

function isOlder({ entry: a }: NearEntry, { entry: b }: NearEntry): boolean {
  if (a.wire.createdAt !== b.wire.createdAt) return a.wire.createdAt < b.wire.createdAt;
  return a.id < b.id;
}

function shadowed(match: NearEntry, winner: NearEntry): NearEntry {
  const hint = JSON.stringify(match.entry.wire.hint);
  const obstacle = {
    code: 'SPK-2452',
    message: `it has the hint ${hint}, which the older entry ${winner.entry.id} (${winner.entry.spiffeId}) has too: agents serve one of each hint`,
    cost: 0.01,
    remedy: 'Give one of the two another hint: `spirekit entry update` with `--hint`.',
  } as const;
  return { ...match, obstacles: [obstacle], distance: obstacle.cost };
}

/**
 * What an entry should have as parent to reach the agent: what most entries that reach it have, rather an alias than the
 * agent itself, whose ID changes when it attests anew.
 */
export function findGoodParent(
  reach: Reach,
  entries: Iterable<Pick<NearEntry['entry'], 'parentId' | 'selectors' | 'isNodeAlias' | 'spiffeId'>>,
  agents: readonly ServerAgent[],
): string | undefined {
  const uses = new Map<string, number>();
  const aliases: string[] = [];
  for (const entry of entries) {
    if (entry.isNodeAlias) {
      if (reach.hasParent(entry.spiffeId)) aliases.push(entry.spiffeId);
      continue;
    }
    if (!reach.hasParent(entry.parentId)) continue;
    // What a join token leaves behind: an alias in the form of a child.
    if (entry.selectors.some((selector) => agents.some(({ id }) => formatSelector(selector) === `spiffe_id:${id}`))) {
      aliases.push(entry.spiffeId);
    } else uses.set(entry.parentId, (uses.get(entry.parentId) ?? 0) + 1);
  }
  const [usual] = [...uses].sort(([a, inA], [b, inB]) => inB - inA || (a < b ? -1 : 1));
  return usual?.[0] ?? aliases.toSorted()[0] ?? (agents.length === 1 ? agents[0]?.id : undefined);
}
