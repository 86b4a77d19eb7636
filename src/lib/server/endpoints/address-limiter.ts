import { type Clock, sleep } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';

/** Tokens per address, which grow back with time. */
interface Bucket {
  tokens: number;
  /** Of the monotonic clock. */
  updatedMs: number;
}

/** An address that was not seen for one to two of these is forgotten; its bucket is full again long before. */
const GENERATION_MS = 60_000;

/**
 * The longest that anything waits for its turn: who would have to wait longer is better off asking again later. SPIRE's
 * waits end only with the caller's deadline, so that a crowd of callers without one would wait for hours.
 */
const LONGEST_WAIT_MS = 60_000;

/**
 * Lets each address do so much a second, with as much at once; what comes faster waits its turn. As SPIRE's limits, and
 * Go's rate.Limiter below them; an IPv6 address counts as a whole, as SPIRE's do.
 */
export class AddressLimiter {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #current = new Map<string, Bucket>();
  #previous = new Map<string, Bucket>();
  #generationMs: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#generationMs = clock.monotonicMs();
  }

  /**
   * Resolves when the address may do `count` things. Error: `resource-exhausted` when it never may at once, or not
   * before the deadline or within a minute; what the signal aborts with, and then nothing is used up.
   */
  async take(
    address: string,
    count: number,
    options: { readonly signal?: AbortSignal | undefined; readonly deadlineMs?: number | undefined } = {},
  ): Promise<void> {
    if (count > this.#perSecond) {
      throw new SpirekitError('resource-exhausted', `rate (${count}) exceeds burst size (${this.#perSecond})`);
    }
    const bucket = this.#bucketOf(address);
    const missing = count - bucket.tokens;
    const waitMs = Math.max(0, (missing / this.#perSecond) * 1000);
    const isLate = options.deadlineMs !== undefined && this.#clock.nowMs() + waitMs > options.deadlineMs;
    if (isLate || waitMs > LONGEST_WAIT_MS) {
      throw new SpirekitError('resource-exhausted', `rate: Wait(n=${count}) would exceed context deadline`);
    }
    // Below zero: later callers wait for those before them.
    bucket.tokens -= count;
    if (waitMs === 0) return;
    try {
      await sleep(this.#clock, waitMs, { signal: options.signal });
    } catch (error) {
      bucket.tokens += count;
      throw error;
    }
  }

  #bucketOf(address: string): Bucket {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#generationMs >= GENERATION_MS) {
      this.#previous = this.#current;
      this.#current = new Map();
      this.#generationMs = nowMs;
    }
    const bucket = this.#current.get(address) ??
      this.#previous.get(address) ?? { tokens: this.#perSecond, updatedMs: nowMs };
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + ((nowMs - bucket.updatedMs) / 1000) * this.#perSecond);
    bucket.updatedMs = nowMs;
    this.#current.set(address, bucket);
    return bucket;
  }
}
