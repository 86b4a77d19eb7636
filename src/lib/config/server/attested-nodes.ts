import { goQuote } from '../../runtime/go-quote.ts';
import type { ConfigReport } from '../config-report.ts';
import { parseSeconds } from '../section/duration.ts';
import type { ServerConfig } from './server-config.ts';
import type { RawServer } from './server-schema.ts';

/** Which records of expired agents are deleted. */
export type PruningConfig = Pick<
  ServerConfig,
  'pruneAttestedNodesExpiredForSeconds' | 'pruneAttestedNodesBatchSize' | 'pruneNonReattestableNodes'
>;

/** Without an age nothing is pruned, and the other keys mean nothing. */
export function resolvePruning(server: RawServer, report: ConfigReport): PruningConfig {
  const text = server.prune_attested_nodes_expired_for;
  if (text === '') {
    return {
      pruneAttestedNodesExpiredForSeconds: 0,
      pruneAttestedNodesBatchSize: 0,
      pruneNonReattestableNodes: false,
    };
  }
  const path = ['server', 'prune_attested_nodes_expired_for'];
  const describe = (reason: string): string => `could not parse prune_attested_nodes_expired_for: ${reason}`;
  return {
    pruneAttestedNodesExpiredForSeconds: parseSeconds(text, report, path, describe),
    pruneAttestedNodesBatchSize: server.prune_attested_nodes_batch_size,
    pruneNonReattestableNodes: server.prune_tofu_nodes,
  };
}

/** How old an agent's cached record may be, in seconds. */
export function resolveStaleness(server: RawServer, report: ConfigReport): number {
  const text = server.max_attested_node_info_staleness;
  if (text === undefined) return 0;
  const describe = (reason: string): string =>
    `could not parse max attested node staleness ${goQuote(text)}: ${reason}`;
  return parseSeconds(text, report, ['server', 'max_attested_node_info_staleness'], describe);
}
