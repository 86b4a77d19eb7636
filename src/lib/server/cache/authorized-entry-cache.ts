import type { CancelTimer, Clock } from '../../runtime/clock.ts';
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
  readonly clock: Pick<Clock, 'nowMs' | 'schedule'>;
}

const RETRY_AFTER_MS = 5_000;

/**
 * All entries and the selectors of all agents in memory, in step with the datastore: a change is visible here before the
 * call that made it has its answer. To be opened before whatever else acts on changes and asks here.
 */
export class AuthorizedEntryCache implements AuthorizedEntries, EntriesBySpiffeId, Disposable {
  readonly #config: AuthorizedEntryCacheConfig;
  #graph = new EntryGraph();
  /** What changed while the tables are being read: it may be missing in what was read. */
  #early: DatastoreChange[] | undefined;
  #unsubscribe: () => void = () => {};
  #cancelRetry: CancelTimer = () => {};
  #work: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(config: AuthorizedEntryCacheConfig) {
    this.#config = config;
  }

  /** Rejects with what the datastore throws. */
  static async open(config: AuthorizedEntryCacheConfig): Promise<AuthorizedEntryCache> {
    const cache = new AuthorizedEntryCache(config);
    cache.#unsubscribe = config.changes.subscribe((change) => cache.#apply(change));
    try {
      await cache.#load();
    } catch (error) {
      cache.#unsubscribe();
      throw error;
    }
    return cache;
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
    this.#isClosed = true;
    this.#unsubscribe();
    this.#cancelRetry();
  }

  #apply(change: DatastoreChange): void {
    if (change.kind === 'all') {
      this.#reload();
      return;
    }
    this.#early?.push(change);
    applyChange(this.#graph, change);
  }

  /** Until all is read, what was known before is served. */
  #reload(): void {
    this.#cancelRetry();
    this.#work = this.#work
      .then(() => this.#load())
      .catch(() => {
        if (this.#isClosed) return;
        this.#cancelRetry = this.#config.clock.schedule(RETRY_AFTER_MS, () => this.#reload(), { unref: true });
      });
  }

  async #load(): Promise<void> {
    const { entries, nodes } = this.#config;
    const graph = new EntryGraph();
    const early: DatastoreChange[] = [];
    this.#early = early;
    for (const entry of (await entries.listEntries({})).items) graph.setEntry(entry);
    for (const { spiffeId, selectors } of (await nodes.listNodes({})).items) {
      graph.setAgent(spiffeId.toString(), selectors.map(formatSelector));
    }
    for (const change of early) applyChange(graph, change);
    this.#early = undefined;
    this.#graph = graph;
  }

  #currency(): (entry: RegistrationEntry) => boolean {
    const nowSeconds = this.#config.clock.nowMs() / 1000;
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
    case 'all':
  }
}
