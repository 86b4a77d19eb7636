import type { ServerConfig } from '../config/server/server-config.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { DataStore } from './datastore/datastore.ts';
import { Housekeeping } from './housekeeping.ts';

const PRUNE_ENTRIES_EVERY_MS = 5 * 60 * 1000;
const PRUNE_NODES_EVERY_MS = 60 * 60 * 1000;
/** SPIRE's default. */
const PRUNE_NODES_AT_ONCE = 1000;

interface HousekeepingDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Starts what a server clears away from time to time: expired entries and join tokens, and nodes where the file says so. */
export function startHousekeeping(
  config: ServerConfig,
  datastore: DataStore,
  { clock, log, metrics }: HousekeepingDeps,
): Housekeeping {
  const housekeeping = new Housekeeping({
    clock,
    log: log.with({ subsystem_name: 'registration_manager' }),
    metrics,
  });
  housekeeping.start([
    {
      name: 'pruning registration entries',
      everyMs: PRUNE_ENTRIES_EVERY_MS,
      metric: ['registration_entry', 'manager', 'prune'],
      run: (now) => datastore.entries.pruneEntries(now),
    },
    {
      name: 'pruning join tokens',
      everyMs: PRUNE_ENTRIES_EVERY_MS,
      run: (now) => datastore.joinTokens.pruneJoinTokens(now),
    },
  ]);
  const expiredFor = config.pruneAttestedNodesExpiredForSeconds;
  if (expiredFor > 0) {
    const includeNonReattestable = config.pruneNonReattestableNodes;
    const limit = config.pruneAttestedNodesBatchSize > 0 ? config.pruneAttestedNodesBatchSize : PRUNE_NODES_AT_ONCE;
    housekeeping.start([
      {
        name: 'pruning of expired nodes',
        everyMs: PRUNE_NODES_EVERY_MS,
        metric: ['node', 'manager', 'prune'],
        run: (now) => datastore.nodes.pruneNodes(now - expiredFor, { includeNonReattestable, limit }),
      },
    ]);
  }
  return housekeeping;
}
