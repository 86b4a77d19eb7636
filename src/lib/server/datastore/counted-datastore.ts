import type { CallCounterDeps } from '../../telemetry/call-counter.ts';
import { countMethods } from '../../telemetry/counted-methods.ts';
import { type MetricKey, NO_METRICS } from '../../telemetry/metrics.ts';
import { countEntryBatches } from './counted-batches.ts';
import type { DataStore } from './datastore.ts';

/** A datastore whose calls are counted under `datastore`, with SPIRE's names (pkg/common/telemetry/server/datastore). */
export function countDataStore(store: DataStore, deps: CallCounterDeps): DataStore {
  if (deps.metrics === NO_METRICS) return store;
  return {
    entries: countEntryBatches(countMethods(store.entries, ENTRIES, deps), ENTRY_BATCHES, deps),
    nodes: countMethods(store.nodes, NODES, deps),
    joinTokens: countMethods(store.joinTokens, JOIN_TOKENS, deps),
    bundles: countMethods(store.bundles, BUNDLES, deps),
    federation: countMethods(store.federation, FEDERATION, deps),
    caJournals: countMethods(store.caJournals, CA_JOURNALS, deps),
    stale: {
      entries: countMethods(store.stale.entries, ENTRIES, deps),
      nodes: countMethods(store.stale.nodes, NODES, deps),
    },
    changes: store.changes,
    checkWritable: () => store.checkWritable(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function key(...parts: readonly string[]): MetricKey {
  return ['datastore', ...parts];
}

const ENTRIES = {
  countEntries: key('registration_entry', 'count'),
  listEntries: key('registration_entry', 'list'),
  findEntry: key('registration_entry', 'fetch'),
  findEntries: key('registration_entry', 'fetch'),
  createEntry: key('registration_entry', 'create'),
  updateEntry: key('registration_entry', 'update'),
  deleteEntry: key('registration_entry', 'delete'),
  pruneEntries: key('registration_entry', 'prune'),
};

const ENTRY_BATCHES = {
  createEntries: ENTRIES.createEntry,
  updateEntries: ENTRIES.updateEntry,
  deleteEntries: ENTRIES.deleteEntry,
};

const NODES = {
  countNodes: key('node', 'count'),
  listNodes: key('node', 'list'),
  findNode: key('node', 'fetch'),
  saveNode: key('node', 'create'),
  updateNode: key('node', 'update'),
  deleteNode: key('node', 'delete'),
  pruneNodes: key('node', 'prune'),
};

const JOIN_TOKENS = {
  createJoinToken: key('join_token', 'create'),
  findJoinToken: key('join_token', 'fetch'),
  takeJoinToken: key('join_token', 'delete'),
  pruneJoinTokens: key('join_token', 'prune'),
};

const BUNDLES = {
  countBundles: key('bundle', 'count'),
  listBundles: key('bundle', 'list'),
  findBundle: key('bundle', 'fetch'),
  createBundle: key('bundle', 'create'),
  setBundle: key('bundle', 'set'),
  advanceBundle: key('bundle', 'set'),
  updateBundle: key('bundle', 'update'),
  appendBundle: key('bundle', 'append'),
  deleteBundle: key('bundle', 'delete'),
  pruneBundle: key('bundle', 'prune'),
  taintX509Authority: key('bundle', 'x509', 'taint'),
  revokeX509Authority: key('bundle', 'x509', 'revoke'),
  taintKeyAuthority: key('bundle', 'jwt', 'taint'),
  revokeKeyAuthority: key('bundle', 'jwt', 'revoke'),
};

const FEDERATION = {
  listFederationRelationships: key('federation_relationship', 'list'),
  findFederationRelationship: key('federation_relationship', 'fetch'),
  createFederationRelationship: key('federation_relationship', 'create'),
  updateFederationRelationship: key('federation_relationship', 'update'),
  deleteFederationRelationship: key('federation_relationship', 'delete'),
};

const CA_JOURNALS = {
  findCaJournal: key('ca_journal', 'fetch'),
  saveCaJournal: key('ca_journal', 'set'),
  listCaJournals: key('ca_journal', 'fetch'),
  deleteCaJournal: key('ca_journal', 'prune'),
};
