import type { AuthorityStore, BundleStore } from './bundle-store.ts';
import type { CaJournalStore } from './ca-journal-store.ts';
import type { ChangeEvents } from './change-events.ts';
import type { EntryStore } from './entry-store.ts';
import type { FederationStore } from './federation-store.ts';
import type { JoinTokenStore } from './join-token-store.ts';
import type { NodeStore } from './node-store.ts';
import type { WriteCheck } from './write-check.ts';

/** Reads that may come from a copy of the database: not older than what this datastore has told of its changes. */
export interface StaleReads {
  readonly entries: Pick<EntryStore, 'listEntries'>;
  readonly nodes: Pick<NodeStore, 'listNodes'>;
}

/**
 * All that a server remembers, store by store: components ask for the ones they need, only the composition root holds the
 * whole. Every write is one transaction and durable when its promise resolves. Beside the codes that each method names,
 * all throw `unavailable` (disk full, file system read-only, database busy) and `data-loss` (database damaged).
 */
export interface DataStore extends WriteCheck, AsyncDisposable {
  readonly entries: EntryStore;
  readonly nodes: NodeStore;
  readonly joinTokens: JoinTokenStore;
  readonly bundles: BundleStore & AuthorityStore;
  readonly federation: FederationStore;
  readonly caJournals: CaJournalStore;
  readonly stale: StaleReads;
  readonly changes: ChangeEvents;
}
