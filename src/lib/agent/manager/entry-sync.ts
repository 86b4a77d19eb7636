import type { Logger } from '../../runtime/logger.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { IdentityCache } from '../cache/identity-cache.ts';
import { type AuthorizedEntries, fetchAuthorizedEntries } from '../client/authorized-entries.ts';
import { CALL_TIMEOUT_MS, type ServerConnection } from '../client/server-connection.ts';
import { type TrustBundle, TrustBundleFetcher } from '../client/trust-bundles.ts';

/** What {@link EntrySync} needs. */
export interface EntrySyncOptions {
  readonly trustDomain: TrustDomain;
  readonly cache: IdentityCache;
  readonly connection: ServerConnection;
  /** Whether to ask for changes only, if the server can do that. */
  readonly useSync: boolean;
  /** Told of the trust domain's bundle after each round, with authorities whose SVIDs have to be replaced. */
  readonly onBundle: (bundle: TrustBundle) => Promise<void>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Brings the server's view of the agent's entries and bundles into the cache. */
export class EntrySync {
  readonly #options: EntrySyncOptions;
  readonly #bundles: TrustBundleFetcher;
  #entries: AuthorizedEntries = new Map();

  constructor(options: EntrySyncOptions) {
    this.#options = options;
    this.#bundles = new TrustBundleFetcher(options.log);
  }

  /** One round. Rejects when the server cannot be asked or refuses; the cache is then as it was. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { cache, connection, useSync, onBundle, log } = this.#options;
    const timeoutMs = CALL_TIMEOUT_MS;
    const { entries, bundles } = await connection.use(async (client) => {
      const entries = await fetchAuthorizedEntries(client, { known: this.#entries, useSync, signal, timeoutMs, log });
      const domains = Array.from(entries.values(), ({ federatesWith }) => federatesWith).flat();
      const federatesWith = new Set(domains.map(({ name }) => name));
      federatesWith.delete(this.#options.trustDomain.name);
      return { entries, bundles: await this.#bundles.fetch(client, { federatesWith, signal, timeoutMs }) };
    });
    this.#countChanges(entries, bundles.byName.size);
    this.#entries = entries;
    await onBundle(bundles.own);
    cache.updateEntries({
      entries: new Map(Array.from(entries).filter(([, { storeSvid }]) => !storeSvid)),
      bundles: bundles.byName,
    });
  }

  #countChanges(entries: AuthorizedEntries, bundles: number): void {
    const known = this.#entries;
    const changed = [...entries].filter(([id, entry]) => known.get(id) !== entry);
    const missing = changed.filter(([id]) => !known.has(id)).length;
    const dropped = [...known.keys()].filter((id) => !entries.has(id)).length;
    const { metrics } = this.#options;
    metrics.setGauge(['sync_bundles_total'], bundles);
    metrics.setGauge(['sync_entries_total'], entries.size);
    metrics.setGauge(['sync_entries_missing'], missing);
    metrics.setGauge(['sync_entries_stale'], changed.length - missing);
    metrics.setGauge(['sync_entries_dropped'], dropped);
  }
}
