import { formatSelector } from '../spiffe/selector.ts';
import type { ServerAgent } from './facts.ts';
import { hasAll, hasExpired, type KnownEntry } from './known-entry.ts';

/**
 * Which entries lead down from an agent: those whose parent is the agent or an alias of it, and what hangs below those, as
 * servers reckon it.
 */
export class Reach {
  readonly agentIds: readonly string[];
  /** IDs whose children an agent here is given. */
  readonly #parents: ReadonlySet<string>;
  readonly #bySpiffeId = new Map<string, KnownEntry[]>();
  readonly #ids: ReadonlySet<string>;

  constructor(entries: readonly KnownEntry[], agents: readonly ServerAgent[], nowMs: number) {
    this.agentIds = agents.map(({ id }) => id);
    const byParent = new Map<string, KnownEntry[]>();
    const aliases: KnownEntry[] = [];
    for (const entry of entries) {
      put(this.#bySpiffeId, entry.spiffeId, entry);
      if (entry.isNodeAlias) aliases.push(entry);
      else put(byParent, entry.parentId, entry);
    }
    const parents = new Set<string>(this.agentIds);
    for (const { selectors } of agents) {
      const have = new Set(selectors.map(formatSelector));
      for (const alias of aliases) {
        // An alias without selectors stands for nobody.
        if (alias.selectors.length > 0 && hasAll(have, alias.selectors) && !hasExpired(alias, nowMs)) {
          parents.add(alias.spiffeId);
        }
      }
    }
    // Grows while it is walked: a set visits what is added, and each once, whatever circles there are.
    for (const parent of parents) {
      for (const child of byParent.get(parent) ?? []) if (!hasExpired(child, nowMs)) parents.add(child.spiffeId);
    }
    this.#parents = parents;
    this.#ids = new Set(this.#bySpiffeId.keys());
  }

  /** Whether an agent here is given the entry. */
  leadsTo(entry: KnownEntry): boolean {
    return !entry.isNodeAlias && this.#parents.has(entry.parentId);
  }

  /** Whether children of this ID are given to an agent here. */
  hasParent(spiffeId: string): boolean {
    return this.#parents.has(spiffeId);
  }

  /** The entries that give the ID. */
  entriesOf(spiffeId: string): readonly KnownEntry[] {
    return this.#bySpiffeId.get(spiffeId) ?? [];
  }

  /** Every ID that an entry gives. */
  get spiffeIds(): ReadonlySet<string> {
    return this.#ids;
  }

  /**
   * The way up from an ID that leads to no agent here: the IDs passed, and where it ends. It is followed through one
   * entry each, the first that is no alias.
   */
  climb(from: string): { readonly passed: readonly string[]; readonly isCircle: boolean } {
    const passed = [from];
    for (;;) {
      const above = this.entriesOf(passed.at(-1) ?? '').find(({ isNodeAlias }) => !isNodeAlias)?.parentId;
      if (above === undefined) return { passed, isCircle: false };
      if (passed.includes(above)) return { passed: [...passed, above], isCircle: true };
      passed.push(above);
      if (passed.length > MOST_STEPS) return { passed, isCircle: false };
    }
  }
}

/** Parents above parents; nobody registers more. */
const MOST_STEPS = 64;

function put(map: Map<string, KnownEntry[]>, key: string, entry: KnownEntry): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [entry]);
  else list.push(entry);
}
