import type { Agent } from '../wire/gen/spire/api/types/agent.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { idName, selectorNames } from './entry-fields.ts';

/** SPIFFE IDs of agents. */
export type AgentSet = ReadonlySet<string>;

/** The parent of entries that give nodes an alias, in any trust domain. */
const SERVER_PATH = '/spire/server';

/**
 * Which agents get the entries below a parent: the agent with that very ID, those that have it as an alias by all selectors
 * of an entry below the server, and those that lead to an entry with that ID. Banned agents get nothing.
 */
export class AgentReach {
  readonly #reached = new Map<string, Set<string>>();

  constructor(entries: readonly Entry[], agents: readonly Agent[]) {
    const children = childrenOf(entries);
    const news: string[] = [];
    const reach = (id: string, agents: Iterable<string>): void => {
      // What has nothing below it needs no set of its own.
      if (!children.has(id)) return;
      const known = this.#reached.get(id) ?? new Set<string>();
      const size = known.size;
      for (const agent of agents) known.add(agent);
      this.#reached.set(id, known);
      if (known.size > size) news.push(id);
    };
    const present = agents.filter(({ banned }) => !banned);
    for (const { id } of present) reach(idName(id), [idName(id)]);
    for (const { alias, agents: named } of aliases(entries, present)) reach(alias, named);
    for (let id = news.pop(); id !== undefined; id = news.pop()) {
      const agentIds = this.#reached.get(id) ?? [];
      for (const child of children.get(id) ?? []) reach(child, agentIds);
    }
  }

  /** Always the same set for the same parent. */
  below(parentId: string): AgentSet {
    return this.#reached.get(parentId) ?? NOBODY;
  }
}

const NOBODY: AgentSet = new Set();

/** The SPIFFE IDs of the entries below each parent. */
function childrenOf(entries: readonly Entry[]): Map<string, Set<string>> {
  const children = new Map<string, Set<string>>();
  for (const { spiffeId, parentId } of entries) {
    const parent = idName(parentId);
    const below = children.get(parent);
    if (below === undefined) children.set(parent, new Set([idName(spiffeId)]));
    else below.add(idName(spiffeId));
  }
  return children;
}

function* aliases(
  entries: readonly Entry[],
  agents: readonly Agent[],
): Generator<{ readonly alias: string; readonly agents: readonly string[] }> {
  const nodes = agents.map((agent) => ({ id: idName(agent.id), selectors: new Set(selectorNames(agent)) }));
  for (const entry of entries) {
    if (entry.parentId?.path !== SERVER_PATH) continue;
    const needed = selectorNames(entry);
    const matching = nodes.filter(({ selectors }) => needed.every((name) => selectors.has(name)));
    yield { alias: idName(entry.spiffeId), agents: matching.map(({ id }) => id) };
  }
}
