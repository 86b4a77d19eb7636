import { RpcCode, rpcCodeName, rpcStatusOf } from '../../rpc/status.ts';
import type { CallCounterDeps } from '../../telemetry/call-counter.ts';
import { type MetricKey, NO_METRICS } from '../../telemetry/metrics.ts';
import type { EntryStore } from './entry-store.ts';
import type { ItemOutcome } from './item-outcome.ts';

/** The methods that take a batch. */
type BatchMethod = 'createEntries' | 'updateEntries' | 'deleteEntries';

/**
 * The store, whose batches are counted item by item under the names of single calls, each with its own status: SPIRE's
 * server makes one call for each item. The time is that of the whole batch, shared out.
 */
export function countEntryBatches(
  store: EntryStore,
  keys: Readonly<Record<BatchMethod, MetricKey>>,
  deps: CallCounterDeps,
): EntryStore {
  if (deps.metrics === NO_METRICS) return store;
  const batches: Pick<EntryStore, BatchMethod> = {
    createEntries: (entries) => countItems(deps, keys.createEntries, entries.length, store.createEntries(entries)),
    updateEntries: (updates) => countItems(deps, keys.updateEntries, updates.length, store.updateEntries(updates)),
    deleteEntries: (ids) => countItems(deps, keys.deleteEntries, ids.length, store.deleteEntries(ids)),
  };
  return new Proxy(store, {
    get(_, name) {
      const value: unknown = Reflect.get(name in batches ? batches : store, name);
      // Private members know their own object alone.
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });
}

async function countItems<T>(
  { metrics, clock }: CallCounterDeps,
  key: MetricKey,
  items: number,
  batch: Promise<readonly ItemOutcome<T>[]>,
): Promise<readonly ItemOutcome<T>[]> {
  const startedMs = clock.monotonicMs();
  const count = (byStatus: ReadonlyMap<number, number>): void => {
    const eachMs = (clock.monotonicMs() - startedMs) / Math.max(1, items);
    for (const [code, number] of byStatus) {
      const labels = { status: rpcCodeName(code) };
      metrics.incrementCounter(key, labels, number);
      metrics.addSample([...key, 'elapsed_time'], eachMs, labels);
    }
  };
  try {
    const outcomes = await batch;
    count(countBy(outcomes.map((outcome) => (outcome.ok ? RpcCode.ok : rpcStatusOf(outcome.error).status))));
    return outcomes;
  } catch (error) {
    count(new Map([[rpcStatusOf(error).status, items]]));
    throw error;
  }
}

function countBy(statuses: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}
