import type { KeyObject } from 'node:crypto';
import { createCsr } from '../../crypto/csr.ts';
import { generateKey, type KeyType } from '../../crypto/key.ts';
import { signerFromKey } from '../../crypto/signer.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type CallCounterDeps, countCall } from '../../telemetry/call-counter.ts';
import type { IdentityCache, StaleEntry } from '../cache/identity-cache.ts';
import type { WorkloadSvid } from '../cache/workload-update.ts';
import type { ClockDifference } from '../client/clock-difference.ts';
import { CALL_TIMEOUT_MS, type ServerConnection } from '../client/server-connection.ts';
import { type SvidChain, signX509Svids } from '../client/x509-svids.ts';
import { BatchSize } from './batch-size.ts';
import { isTooShortForTarget, type RotationStrategy, rotationDue, x509RotationTimeMs } from './rotation-strategy.ts';

/** What {@link SvidRenewal} needs. */
export interface SvidRenewalOptions {
  readonly cache: IdentityCache;
  readonly connection: ServerConnection;
  /** The kind of workloads' keys. */
  readonly keyType: KeyType;
  readonly strategy: RotationStrategy;
  readonly counters: CallCounterDeps;
  readonly clockDifference: ClockDifference;
  readonly log: Logger;
}

/** Has the server sign the X509-SVIDs that workloads need, in batches, with a new key for each. */
export class SvidRenewal {
  readonly #options: SvidRenewalOptions;
  readonly #batchSize = new BatchSize();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SvidRenewalOptions) {
    this.#options = options;
  }

  /**
   * Brings the cache up to date; one run at a time. Resolves with the number of SVIDs that did not come, because the
   * server refused or its clock is far behind, which are left for the next run. Rejects when a call fails; what earlier
   * batches brought is kept.
   */
  renew(options: { readonly signal: AbortSignal }): Promise<number> {
    const run = this.#last.then(() => this.#run(options.signal));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #run(signal: AbortSignal): Promise<number> {
    const { cache, counters, log } = this.#options;
    const tried = new Set<string>();
    let signed = 0;
    let usable = 0;
    let isRefused = false;
    try {
      for (;;) {
        signal.throwIfAborted();
        const stale = cache.staleEntries().filter(({ entry }) => !tried.has(entry.id));
        if (stale.length === 0) {
          isRefused = signed < tried.size;
          return tried.size - usable;
        }
        const batch = stale.slice(0, this.#batchSize.current);
        for (const { entry } of batch) tried.add(entry.id);
        log.debug('Renewing stale entries', { count: stale.length, limit: this.#batchSize.current });
        const svids = await countCall(counters, ['manager', 'sync', 'fetch_svids_updates'], () =>
          this.#sign(batch, signal),
        );
        signed += svids.size;
        for (const { chain } of svids.values()) if (counters.clock.nowMs() <= chain[0].notAfterMs) usable++;
        cache.updateSvids(svids);
      }
    } finally {
      cache.settle({ isRefused });
    }
  }

  async #sign(batch: readonly StaleEntry[], signal: AbortSignal): Promise<ReadonlyMap<string, WorkloadSvid>> {
    const { connection, log } = this.#options;
    const requests = await Promise.all(batch.map((stale) => this.#request(stale)));
    let chains: ReadonlyMap<string, SvidChain>;
    try {
      chains = await connection.use((client) =>
        signX509Svids(client, requests, { signal, timeoutMs: CALL_TIMEOUT_MS, log }),
      );
    } catch (error) {
      this.#batchSize.failed();
      throw error;
    }
    this.#batchSize.succeeded();
    return new Map(
      requests.flatMap(({ entryId, privateKey, revision }) => {
        const chain = chains.get(entryId);
        return chain === undefined ? [] : [[entryId, this.#finish(entryId, chain, privateKey, revision)] as const];
      }),
    );
  }

  async #request({ entry, expiresAtMs }: StaleEntry): Promise<{
    readonly entryId: string;
    readonly csr: Uint8Array;
    readonly privateKey: KeyObject;
    readonly revision: Pick<WorkloadSvid, 'revisionNumber' | 'createdAtSeconds'>;
  }> {
    const fields = { spiffe_id: entry.spiffeId, entry_id: entry.id };
    if (expiresAtMs === undefined) this.#options.log.info('Creating X509-SVID', fields);
    else this.#options.log.info('Renewing X509-SVID', { ...fields, expires_at: new Date(expiresAtMs) });
    const privateKey = await generateKey(this.#options.keyType);
    const csr = await createCsr({ uris: [entry.spiffeId.toString()], signer: signerFromKey(privateKey) });
    const { id, revisionNumber, createdAtSeconds } = entry;
    return { entryId: id, csr, privateKey, revision: { revisionNumber, createdAtSeconds } };
  }

  #finish(
    entryId: string,
    chain: SvidChain,
    privateKey: KeyObject,
    revision: Pick<WorkloadSvid, 'revisionNumber' | 'createdAtSeconds'>,
  ): WorkloadSvid {
    const { strategy, counters, clockDifference, log } = this.#options;
    const { clock } = counters;
    const [leaf] = chain;
    clockDifference.look(leaf);
    if (isTooShortForTarget(strategy, leaf)) {
      log.warn(
        "X509 SVID lifetime isn't long enough to guarantee the availability_target, falling back to the default rotation strategy",
        { spiffe_id: leaf.uris[0], entry_id: entryId },
      );
    }
    const rotateAt = rotationDue(x509RotationTimeMs(strategy, leaf, clock.nowMs()), leaf, clock);
    return { chain, privateKey, rotateAt, ...revision };
  }
}
