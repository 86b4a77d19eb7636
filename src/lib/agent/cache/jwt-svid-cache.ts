import { createHash } from 'node:crypto';
import type { DueTime } from '../../runtime/due-time.ts';
import { type Metrics, NO_METRICS } from '../../telemetry/metrics.ts';

/** A JWT-SVID that the server signed for a workload. */
export interface IssuedJwtSvid {
  /** A bearer secret. */
  readonly token: string;
  /** Which key of the bundle verifies it. */
  readonly keyId: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly issuedAtMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** One that may be given to workloads again. */
export interface CachedJwtSvid extends IssuedJwtSvid {
  /** When to have the server sign another. */
  readonly renewAt: DueTime;
}

/** SPIRE's default. */
export const DEFAULT_MAX_JWT_SVIDS = 1000;

/** Workloads choose the audiences, and with them the size of their tokens; larger ones than this are not kept. */
const LARGEST_TOKEN_LENGTH = 16 * 1024;

/** JWT-SVIDs by what they were issued for. Bounded: the one that was longest unused makes room. */
export class JwtSvidCache {
  readonly #maxSize: number;
  readonly #metrics: Metrics;
  /** In order of use, the longest unused first. */
  readonly #svids = new Map<string, CachedJwtSvid>();

  /** @param maxSize 0 means {@link DEFAULT_MAX_JWT_SVIDS} */
  constructor(maxSize: number, metrics: Metrics = NO_METRICS) {
    this.#metrics = metrics;
    this.#maxSize = maxSize > 0 ? maxSize : DEFAULT_MAX_JWT_SVIDS;
  }

  get size(): number {
    return this.#svids.size;
  }

  /** Expired ones too. */
  find(key: string): CachedJwtSvid | undefined {
    const svid = this.#svids.get(key);
    if (svid !== undefined) this.#moveToEnd(key, svid);
    return svid;
  }

  set(key: string, svid: CachedJwtSvid): void {
    if (svid.token.length > LARGEST_TOKEN_LENGTH) return;
    this.#moveToEnd(key, svid);
    for (const oldest of this.#svids.keys()) {
      if (this.#svids.size <= this.#maxSize) break;
      this.#svids.delete(oldest);
    }
    this.#showSize();
  }

  /** Forgets what these keys have signed; returns how many. */
  dropSignedBy(keyIds: ReadonlySet<string>): number {
    const before = this.#svids.size;
    for (const [key, { keyId }] of this.#svids) if (keyId !== undefined && keyIds.has(keyId)) this.#svids.delete(key);
    this.#showSize();
    return before - this.#svids.size;
  }

  #showSize(): void {
    this.#metrics.setGauge(['jwt_svid_cache_size'], this.#svids.size);
  }

  #moveToEnd(key: string, svid: CachedJwtSvid): void {
    this.#svids.delete(key);
    this.#svids.set(key, svid);
  }
}

/** The key of a JWT-SVID, a digest: one state of an entry, and the audiences whatever their order. */
export function jwtSvidKey(
  entry: { readonly id: string; readonly revisionNumber: bigint; readonly createdAtSeconds: bigint },
  audience: readonly string[],
): string {
  const { id, revisionNumber, createdAtSeconds } = entry;
  const parts = [id, String(revisionNumber), String(createdAtSeconds), [...audience].sort()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
