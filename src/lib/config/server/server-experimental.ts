import { isDeepStrictEqual } from 'node:util';
import type { KeyType } from '../../crypto/key.ts';
import type { ConfigReport } from '../config-report.ts';
import { parseSeconds } from '../section/duration.ts';
import { noteExperimental, noteFeatureFlags } from '../section/experimental.ts';
import type { ServerExperimentalConfig } from './server-config.ts';
import { type RawServer, serverFileSchema } from './server-schema.ts';

type RawExperimental = RawServer['experimental'];

/** Resolves the `experimental` block and notes that it is used. */
export function resolveServerExperimental(
  raw: RawExperimental,
  witKeyType: KeyType,
  report: ConfigReport,
): ServerExperimentalConfig {
  if (!isDeepStrictEqual(raw, serverFileSchema.empty.server.experimental)) noteExperimental(report);
  /** Seconds of a key, or the default; `name` is how SPIRE's error calls the key. */
  const interval = (
    key: string & keyof RawExperimental,
    text: string,
    fallbackSeconds: number,
    name: string,
  ): number => {
    if (text === '') return fallbackSeconds;
    const describe = (reason: string): string => `could not parse ${name} interval: ${reason}`;
    return parseSeconds(text, report, ['server', 'experimental', key], describe) || fallbackSeconds;
  };
  const cacheReloadIntervalSeconds = interval('cache_reload_interval', raw.cache_reload_interval, 5, 'cache reload');
  const fullCacheReloadIntervalSeconds = interval(
    'full_cache_reload_interval',
    raw.full_cache_reload_interval,
    24 * 3600,
    'full cache reload',
  );
  const pruneEventsOlderThanSeconds = interval(
    'prune_events_older_than',
    raw.prune_events_older_than,
    12 * 3600,
    'prune events',
  );
  if (raw.sql_transaction_timeout !== '') {
    report.noteDeprecated('experimental.sql_transaction_timeout is deprecated, use experimental.event_timeout instead');
  }
  const transactionTimeoutSeconds = interval(
    'sql_transaction_timeout',
    raw.sql_transaction_timeout,
    900,
    'SQL transaction timeout',
  );
  const eventTimeoutSeconds = interval('event_timeout', raw.event_timeout, transactionTimeoutSeconds, 'event timeout');
  if (raw.events_based_cache) report.note('info', 'Using events based cache');
  noteFeatureFlags(raw.feature_flags, report);
  const opa = raw.auth_opa_policy_engine;
  return {
    agentSpiffeIdAsSelector: raw.agent_spiffe_id_as_selector,
    eventsBasedCache: raw.events_based_cache,
    cacheReloadIntervalSeconds,
    fullCacheReloadIntervalSeconds,
    pruneEventsOlderThanSeconds,
    eventTimeoutSeconds,
    requirePqKem: raw.require_pq_kem,
    witKeyType,
    witIssuer: raw.wit_issuer,
    featureFlags: raw.feature_flags,
    opaPolicy: opa && { regoPath: opa.local?.rego_path ?? '', policyDataPath: opa.local?.policy_data_path ?? '' },
  };
}
