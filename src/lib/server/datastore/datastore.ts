import type { AuthorityStore, BundleStore } from './bundle-store.ts';
import type { CaJournalStore } from './ca-journal-store.ts';
import type { ChangeEvents } from './change-events.ts';
import type { EntryStore } from './entry-store.ts';
import type { FederationStore } from './federation-store.ts';
import type { JoinTokenStore } from './join-token-store.ts';
import type { NodeStore } from './node-store.ts';

/**
 * All that a server remembers. Components ask for the narrow store they need; only the composition root holds the whole.
 * Every write is durable when its promise resolves, and is one transaction.
 */
export interface DataStore
  extends AsyncDisposable,
    EntryStore,
    NodeStore,
    JoinTokenStore,
    BundleStore,
    AuthorityStore,
    FederationStore,
    CaJournalStore,
    ChangeEvents {}
