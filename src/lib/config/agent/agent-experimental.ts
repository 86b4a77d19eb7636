import { isDeepStrictEqual } from 'node:util';
import { formatGoDuration } from '../../runtime/go-duration.ts';
import type { ConfigReport } from '../config-report.ts';
import { parseNanoseconds, parseSeconds, toSeconds } from '../section/duration.ts';
import { noteExperimental, noteFeatureFlags } from '../section/experimental.ts';
import type { WorkloadApiRateLimit } from './agent-config.ts';
import { agentFileSchema, type RawAgent } from './agent-schema.ts';

type RawExperimental = RawAgent['experimental'];

const PATH = ['agent', 'experimental'];
const SECOND = 1_000_000_000n;

/** How often the agent asks the server for changes, in seconds. */
export function resolveSyncInterval(raw: RawExperimental, report: ConfigReport): number {
  if (raw.sync_interval === '') return 5;
  const describe = (reason: string): string => `could not parse synchronization interval: ${reason}`;
  return parseSeconds(raw.sync_interval, report, [...PATH, 'sync_interval'], describe) || 5;
}

/** Between 5 and 30 seconds; undefined if not set. */
export function resolveCacheHitTimeout(raw: RawExperimental, report: ConfigReport): number | undefined {
  const name = 'jwt_svid_cache_hit_timeout';
  const text = raw.jwt_svid_cache_hit_timeout;
  if (text === '') return undefined;
  const path = [...PATH, name];
  const timeout = parseNanoseconds(text, report, path, (reason) => `could not parse ${name}: ${reason}`);
  const shown = `${name} (${formatGoDuration(timeout)})`;
  if (timeout < 5n * SECOND) report.fail(`${shown} must be greater than 5s`, path);
  if (timeout >= 30n * SECOND) report.fail(`${shown} must be less than 30s`, path);
  report.note('warning', `The use of '${name}' is experimental`);
  return toSeconds(timeout);
}

/** Default true. */
export function resolveUseSyncAuthorizedEntries(raw: RawExperimental, report: ConfigReport): boolean {
  if (raw.use_sync_authorized_entries === undefined) return true;
  report.noteDeprecated(
    "The 'use_sync_authorized_entries' configuration is deprecated. The option to disable it will be removed in SPIRE 1.13.",
  );
  return raw.use_sync_authorized_entries;
}

/** Calls per second that workloads may make; 0 means no limit. */
export function resolveRateLimit(raw: RawExperimental['ratelimit'], report: ConfigReport): WorkloadApiRateLimit {
  const limit = (key: keyof typeof raw & string): number => {
    const value = raw[key] ?? 0;
    if (value < 0) report.fail(`experimental.ratelimit.${key} must not be negative`, [...PATH, 'ratelimit', key]);
    return value;
  };
  return {
    fetchX509Svid: limit('fetch_x509_svid'),
    fetchJwtSvid: limit('fetch_jwt_svid'),
    fetchX509Bundles: limit('fetch_x509_bundles'),
    fetchJwtBundles: limit('fetch_jwt_bundles'),
    streamSecrets: limit('stream_secrets'),
    fetchSecrets: limit('fetch_secrets'),
  };
}

/** Notes that the block is used. */
export function noteAgentExperimental(raw: RawExperimental, report: ConfigReport): void {
  // Entries leave out what the block remembers of unknown keys, which do not count here.
  const empty = agentFileSchema.empty.agent.experimental;
  if (!isDeepStrictEqual(Object.entries(raw), Object.entries(empty))) noteExperimental(report);
  noteFeatureFlags(raw.feature_flags, report);
}
