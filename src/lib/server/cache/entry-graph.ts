import type { RegistrationEntry } from '../../spiffe/registration-entry.ts';
import { formatSelector } from '../../spiffe/selector.ts';
import { MultiMap } from './multi-map.ts';

/** The path of the server's own ID; what has it as parent is an alias for agents. */
const SERVER_PATH = '/spire/server';

/** An entry with the texts that it is looked up by. */
interface Vertex {
  readonly entry: RegistrationEntry;
  readonly spiffeId: string;
  readonly parentId: string;
  /** Only of an alias: its selectors. */
  readonly aliasSelectors: readonly string[] | undefined;
}

/**
 * Entries as a graph of parents, with the agents' selectors at its roots. Every question costs what its answer is long,
 * not what the graph is large.
 */
export class EntryGraph {
  readonly #vertices = new Map<string, Vertex>();
  readonly #byParent = new MultiMap<Vertex>();
  readonly #bySpiffeId = new MultiMap<Vertex>();
  /** An alias stands under one of its selectors only: an agent that matches has that one too. */
  readonly #aliasesBySelector = new MultiMap<Vertex>();
  readonly #agentSelectors = new Map<string, ReadonlySet<string>>();

  setEntry(entry: RegistrationEntry): void {
    this.removeEntry(entry.id);
    const vertex = toVertex(entry);
    this.#vertices.set(entry.id, vertex);
    this.#bySpiffeId.add(vertex.spiffeId, vertex);
    if (vertex.aliasSelectors === undefined) this.#byParent.add(vertex.parentId, vertex);
    else this.#aliasesBySelector.add(pivotOf(vertex.aliasSelectors), vertex);
  }

  removeEntry(entryId: string): void {
    const vertex = this.#vertices.get(entryId);
    if (vertex === undefined) return;
    this.#vertices.delete(entryId);
    this.#bySpiffeId.delete(vertex.spiffeId, vertex);
    if (vertex.aliasSelectors === undefined) this.#byParent.delete(vertex.parentId, vertex);
    else this.#aliasesBySelector.delete(pivotOf(vertex.aliasSelectors), vertex);
  }

  setAgent(agentId: string, selectors: readonly string[]): void {
    this.#agentSelectors.set(agentId, new Set(selectors));
  }

  removeAgent(agentId: string): void {
    this.#agentSelectors.delete(agentId);
  }

  listBySpiffeId(spiffeId: string): RegistrationEntry[] {
    return [...this.#bySpiffeId.get(spiffeId)].map((vertex) => vertex.entry);
  }

  /** Everything below the agent. `isCurrent` cuts off an entry and what hangs below it. */
  listBelow(agentId: string, isCurrent: (entry: RegistrationEntry) => boolean): RegistrationEntry[] {
    const found: RegistrationEntry[] = [];
    // Grows while it is walked: a set visits what is added, and each parent once, whatever circles there are.
    const parents = this.#rootsOf(agentId, isCurrent);
    for (const parent of parents) {
      for (const { entry, spiffeId } of this.#byParent.get(parent)) {
        if (!isCurrent(entry)) continue;
        found.push(entry);
        parents.add(spiffeId);
      }
    }
    return found;
  }

  /** Those of the given entries that are below the agent, found by climbing up from each. */
  findBelow(
    agentId: string,
    entryIds: Iterable<string>,
    isCurrent: (entry: RegistrationEntry) => boolean,
  ): Map<string, RegistrationEntry> {
    const roots = this.#rootsOf(agentId, isCurrent);
    const found = new Map<string, RegistrationEntry>();
    for (const entryId of entryIds) {
      const vertex = this.#vertices.get(entryId);
      if (vertex === undefined || vertex.aliasSelectors !== undefined || !isCurrent(vertex.entry)) continue;
      if (this.#climbs(vertex.parentId, roots, isCurrent)) found.set(entryId, vertex.entry);
    }
    return found;
  }

  #climbs(from: string, roots: ReadonlySet<string>, isCurrent: (entry: RegistrationEntry) => boolean): boolean {
    const parents = new Set([from]);
    for (const parent of parents) {
      if (roots.has(parent)) return true;
      for (const { entry, parentId, aliasSelectors } of this.#bySpiffeId.get(parent)) {
        if (aliasSelectors === undefined && isCurrent(entry)) parents.add(parentId);
      }
    }
    return false;
  }

  /** The agent's own ID and those of its aliases. */
  #rootsOf(agentId: string, isCurrent: (entry: RegistrationEntry) => boolean): Set<string> {
    const roots = new Set([agentId]);
    const selectors = this.#agentSelectors.get(agentId) ?? new Set();
    for (const selector of selectors) {
      for (const { entry, spiffeId, aliasSelectors } of this.#aliasesBySelector.get(selector)) {
        if (isCurrent(entry) && aliasSelectors?.every((each) => selectors.has(each)) === true) roots.add(spiffeId);
      }
    }
    return roots;
  }
}

function toVertex(entry: RegistrationEntry): Vertex {
  const isAlias = entry.parentId.path === SERVER_PATH;
  return {
    entry,
    spiffeId: entry.spiffeId.toString(),
    parentId: entry.parentId.toString(),
    aliasSelectors: isAlias ? entry.selectors.map(formatSelector) : undefined,
  };
}

function pivotOf(selectors: readonly string[]): string {
  return selectors[0] ?? '';
}
