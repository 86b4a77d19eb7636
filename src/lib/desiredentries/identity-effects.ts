import type { Agent } from '../wire/gen/spire/api/types/agent.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { AgentReach, type AgentSet } from './agent-reach.ts';
import { idName, selectorNames } from './entry-fields.ts';
import type { Plan } from './plan.ts';

/** What becomes of an identity on some agents. */
export interface IdentityEffect {
  readonly spiffeId: string;
  /**
   * `loses`: workloads that have it now will not; `gains`: others will; `changes`: those that have it get another SVID for
   * it.
   */
  readonly effect: 'loses' | 'gains' | 'changes';
  readonly entryId: string;
  /** Those whose workloads it is about; may be none. */
  readonly agents: AgentSet;
}

/** How many identities an agent's workloads lose, gain and have changed. */
export interface AgentEffects {
  readonly agentId: string;
  readonly loses: number;
  readonly gains: number;
  readonly changes: number;
}

/** Whom a plan concerns. */
export interface BlastRadius {
  readonly identities: readonly IdentityEffect[];
  /** Only those that are concerned. */
  readonly agents: readonly AgentEffects[];
}

/**
 * Finds out whom a plan concerns: through its own entries, and through those whose parents lead to other agents once it is
 * carried out.
 *
 * @param existing all entries of the server
 * @param agents all agents of the server, with their selectors
 */
export function findBlastRadius(plan: Plan, existing: readonly Entry[], agents: readonly Agent[]): BlastRadius {
  const pairs = entryPairs(plan, existing);
  const before = new AgentReach(existing, agents);
  const after = new AgentReach(
    pairs.flatMap(({ after }) => (after === undefined ? [] : [after])),
    agents,
  );
  const covering = new Covering(pairs, after);
  const split = new SetDifferences();
  const identities: IdentityEffect[] = [];
  const add = (effect: IdentityEffect['effect'], entry: Entry, reached: AgentSet): void => {
    identities.push({ spiffeId: idName(entry.spiffeId), effect, entryId: entry.id, agents: reached });
  };
  for (const pair of pairs) {
    const [had, has] = [reachOf(before, pair.before), reachOf(after, pair.after)];
    if (pair.before === pair.after) {
      const [lost, gained] = [split.minus(had, has), split.minus(has, had)];
      if (pair.before !== undefined && lost.size > 0) add('loses', pair.before, covering.uncovered(pair.before, lost));
      if (pair.after !== undefined && gained.size > 0) add('gains', pair.after, gained);
      continue;
    }
    if (pair.before === undefined) add('gains', pair.after as Entry, has);
    else if (pair.after === undefined) {
      const lost = covering.uncovered(pair.before, had);
      if (lost.size > 0 || had.size === 0) add('loses', pair.before, lost);
    } else {
      const { before: old, after: fresh } = pair;
      // Who has it now has it afterwards, where the entry still leads.
      const isKept = idName(old.spiffeId) === idName(fresh.spiffeId) && isWithin(fresh, old);
      const kept = isKept ? split.minus(had, split.minus(had, has)) : NOBODY;
      const lost = covering.uncovered(old, split.minus(had, kept));
      const gained = isKept && isWithin(old, fresh) ? split.minus(has, had) : has;
      if (lost.size > 0 || !isKept) add('loses', old, lost);
      if (isKept && (kept.size > 0 || had.size + has.size === 0)) add('changes', fresh, kept);
      if (gained.size > 0 || !isKept) add('gains', fresh, gained);
    }
  }
  return { identities, agents: countByAgent(identities) };
}

const NOBODY: AgentSet = new Set();

interface EntryPair {
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

function entryPairs({ added, changed, removed }: Plan, existing: readonly Entry[]): EntryPair[] {
  const changes = new Map(changed.map(({ before, after }) => [before.id, after]));
  const gone = new Set(removed.map(({ before }) => before.id));
  return [
    ...existing.map((before) => ({
      before,
      after: gone.has(before.id) ? undefined : (changes.get(before.id) ?? before),
    })),
    ...added.map(({ entry }) => ({ before: undefined, after: entry })),
  ];
}

function reachOf(reach: AgentReach, entry: Entry | undefined): AgentSet {
  return entry === undefined ? NOBODY : reach.below(idName(entry.parentId));
}

/** Whether every workload that has all selectors of the second has all of the first. */
function isWithin(one: Entry, other: Entry): boolean {
  const names = new Set(selectorNames(other));
  return selectorNames(one).every((name) => names.has(name));
}

/** Entries that give the same identity to the same workloads once the plan is carried out. */
class Covering {
  readonly #bySpiffeId = new Map<string, Entry[]>();
  readonly #after: AgentReach;

  constructor(pairs: readonly EntryPair[], after: AgentReach) {
    this.#after = after;
    for (const { after: entry } of pairs) {
      if (entry === undefined) continue;
      const name = idName(entry.spiffeId);
      const alike = this.#bySpiffeId.get(name);
      if (alike === undefined) this.#bySpiffeId.set(name, [entry]);
      else alike.push(entry);
    }
  }

  /** The agents on which no other entry makes up for the lost one. */
  uncovered(lost: Entry, agents: AgentSet): AgentSet {
    let left = agents;
    for (const entry of this.#bySpiffeId.get(idName(lost.spiffeId)) ?? []) {
      if (left.size === 0) break;
      if (!isWithin(entry, lost)) continue;
      const reached = this.#after.below(idName(entry.parentId));
      left = new Set([...left].filter((agent) => !reached.has(agent)));
    }
    return left;
  }
}

/** Differences of sets; of two that are the same object it is nobody, without a look. */
class SetDifferences {
  readonly #known = new Map<AgentSet, Map<AgentSet, AgentSet>>();

  minus(one: AgentSet, other: AgentSet): AgentSet {
    if (one === other || one.size === 0) return NOBODY;
    const known = this.#known.get(one)?.get(other);
    if (known !== undefined) return known;
    const difference = new Set([...one].filter((agent) => !other.has(agent)));
    const row = this.#known.get(one) ?? new Map<AgentSet, AgentSet>();
    this.#known.set(one, row.set(other, difference));
    return difference;
  }
}

/** Sets are shared by many identities, so each is walked once. */
function countByAgent(identities: readonly IdentityEffect[]): AgentEffects[] {
  const bySet = new Map<AgentSet, Counts>();
  for (const { effect, agents } of identities) count(bySet, agents)[effect] += 1;
  const byAgent = new Map<string, Counts>();
  for (const [agents, { loses, gains, changes }] of bySet) {
    for (const agent of agents) {
      const counts = count(byAgent, agent);
      counts.loses += loses;
      counts.gains += gains;
      counts.changes += changes;
    }
  }
  return [...byAgent]
    .map(([agentId, counts]) => ({ agentId, ...counts }))
    .sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
}

type Counts = Record<IdentityEffect['effect'], number>;

function count<K>(counts: Map<K, Counts>, key: K): Counts {
  const found = counts.get(key) ?? { loses: 0, gains: 0, changes: 0 };
  counts.set(key, found);
  return found;
}
