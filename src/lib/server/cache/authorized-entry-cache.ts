import type { Clock } from '../../runtime/clock.ts';
import type { RegistrationEntry } from '../../spiffe/registration-entry.ts';
import { formatSelector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { ChangeEvents, DatastoreChange } from '../datastore/change-events.ts';
import type { EntryStore } from '../datastore/entry-store.ts';
import type { NodeStore } from '../datastore/node-store.ts';
import type { AuthorizedEntries, EntriesBySpiffeId } from './authorized-entries.ts';
import { EntryGraph } from './entry-graph.ts';

export interface AuthorizedEntryCacheConfig {
  readonly entries: Pick<EntryStore, 'listEntries'>;
  readonly nodes: Pick<NodeStore, 'listNodes'>;
  readonly changes: ChangeEvents;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/**
 * All entries and the selectors of all agents in memory, in step with the datastore: a change is visible here before the
 * call that made it has its answer. To be opened before whatever else acts on changes and asks here.
 */
export class AuthorizedEntryCache implements AuthorizedEntries, EntriesBySpiffeId, Disposable {
  readonly #graph: EntryGraph;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #unsubscribe: () => void;

  private constructor(graph: EntryGraph, clock: Pick<Clock, 'nowMs'>, unsubscribe: () => void) {
    this.#graph = graph;
    this.#clock = clock;
    this.#unsubscribe = unsubscribe;
  }

  static async open(config: AuthorizedEntryCacheConfig): Promise<AuthorizedEntryCache> {
    const graph = new EntryGraph();
    // What changes while the tables are read may be missing in what was read, so it is applied again afterwards.
    const early: DatastoreChange[] = [];
    let apply = (change: DatastoreChange): void => void early.push(change);
    const unsubscribe = config.changes.subscribe((change) => apply(change));
    try {
      for (const entry of (await config.entries.listEntries({})).items) graph.setEntry(entry);
      for (const { spiffeId, selectors } of (await config.nodes.listNodes({})).items) {
        graph.setAgent(spiffeId.toString(), selectors.map(formatSelector));
      }
    } catch (error) {
      unsubscribe();
      throw error;
    }
    apply = (change) => applyChange(graph, change);
    early.forEach(apply);
    return new AuthorizedEntryCache(graph, config.clock, unsubscribe);
  }

  listAuthorizedEntries(agentId: SpiffeId): readonly RegistrationEntry[] {
    return this.#graph.listBelow(agentId.toString(), this.#currency());
  }

  findAuthorizedEntries(agentId: SpiffeId, entryIds: Iterable<string>): ReadonlyMap<string, RegistrationEntry> {
    return this.#graph.findBelow(agentId.toString(), entryIds, this.#currency());
  }

  listEntriesBySpiffeId(spiffeId: SpiffeId): readonly RegistrationEntry[] {
    return this.#graph.listBySpiffeId(spiffeId.toString()).filter(this.#currency());
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #currency(): (entry: RegistrationEntry) => boolean {
    const nowSeconds = this.#clock.nowMs() / 1000;
    return ({ expiresAtSeconds }) => expiresAtSeconds === 0 || expiresAtSeconds > nowSeconds;
  }
}

function applyChange(graph: EntryGraph, change: DatastoreChange): void {
  switch (change.kind) {
    case 'entry':
      if (change.entry === undefined) graph.removeEntry(change.entryId);
      else graph.setEntry(change.entry);
      return;
    case 'node':
      if (change.node === undefined) graph.removeAgent(change.spiffeId);
      else graph.setAgent(change.spiffeId, change.node.selectors.map(formatSelector));
      return;
    case 'bundle':
    case 'federation':
  }
}
