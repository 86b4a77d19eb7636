import type { Clock } from '../../runtime/clock.ts';
import { msUntil } from '../../runtime/due-time.ts';
import { prefixed } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { AuthorizedEntry } from '../cache/authorized-entry.ts';
import { type CachedJwtSvid, type IssuedJwtSvid, type JwtSvidCache, jwtSvidKey } from '../cache/jwt-svid-cache.ts';
import { signJwtSvid } from '../client/jwt-svid.ts';
import { CALL_TIMEOUT_MS, type ServerConnection } from '../client/server-connection.ts';
import { jwtRotationTimeMs, type RotationStrategy, rotationDue } from './rotation-strategy.ts';

/** What {@link JwtSvids} needs. */
export interface JwtSvidsOptions {
  readonly cache: JwtSvidCache;
  readonly connection: ServerConnection;
  readonly strategy: RotationStrategy;
  /** How long the server may take when the cached token would still do, in milliseconds. */
  readonly cacheHitTimeoutMs: number;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly log: Logger;
}

/** JWT-SVIDs for workloads: from the cache during the first half of their life, otherwise signed by the server. */
export class JwtSvids {
  readonly #options: JwtSvidsOptions;
  /** Workloads that ask for the same at the same time share one call. */
  readonly #underWay = new Map<string, Promise<IssuedJwtSvid>>();
  readonly #closing = new AbortController();

  constructor(options: JwtSvidsOptions) {
    this.#options = options;
  }

  /** Rejects when the server gives none and the cached one has expired, and when the signal aborts. */
  async fetch(
    entry: AuthorizedEntry,
    audience: readonly string[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<IssuedJwtSvid> {
    if (entry.jwtSvidIncludeJti) {
      return await this.#sign(entry, audience, { signal, timeoutMs: CALL_TIMEOUT_MS });
    }
    const key = jwtSvidKey(entry, audience);
    const cached = this.#options.cache.find(key);
    if (cached !== undefined && msUntil(cached.renewAt, this.#options.clock) > 0) return cached;
    const running = this.#underWay.get(key);
    if (running !== undefined) return await untilAborted(running, signal);
    const fetched = this.#fetch(entry, audience, key, cached).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, fetched);
    return await untilAborted(fetched, signal);
  }

  /** Ends calls under way. */
  close(): void {
    this.#closing.abort();
  }

  async #fetch(
    entry: AuthorizedEntry,
    audience: readonly string[],
    key: string,
    cached: CachedJwtSvid | undefined,
  ): Promise<IssuedJwtSvid> {
    const { cache, cacheHitTimeoutMs, log } = this.#options;
    const isUsable = cached !== undefined && this.#options.clock.nowMs() < cached.expiresAtMs;
    const timeoutMs = isUsable ? cacheHitTimeoutMs : CALL_TIMEOUT_MS;
    try {
      const svid = await this.#sign(entry, audience, { signal: this.#closing.signal, timeoutMs });
      cache.set(key, { ...svid, renewAt: this.#renewalOf(svid) });
      return svid;
    } catch (error) {
      if (cached === undefined) throw error;
      if (this.#options.clock.nowMs() >= cached.expiresAtMs) {
        throw prefixed(`unable to renew JWT for "${entry.spiffeId}"`, error);
      }
      log.warn('Unable to renew JWT; returning cached copy', { spiffe_id: entry.spiffeId, error });
      return cached;
    }
  }

  #sign(
    entry: AuthorizedEntry,
    audience: readonly string[],
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<IssuedJwtSvid> {
    const { connection, log } = this.#options;
    const request = { entryId: entry.id, audience };
    return connection.use((client) => signJwtSvid(client, request, { ...options, log }));
  }

  #renewalOf({ issuedAtMs, expiresAtMs }: IssuedJwtSvid): CachedJwtSvid['renewAt'] {
    const { strategy, clock } = this.#options;
    const lifetime = { notBeforeMs: issuedAtMs, notAfterMs: expiresAtMs };
    return rotationDue(jwtRotationTimeMs(strategy, lifetime), lifetime, clock);
  }
}

/** The promise, or a rejection as soon as the signal aborts; the promise goes on for others. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
