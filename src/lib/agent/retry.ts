import { type Clock, sleep } from '../runtime/clock.ts';
import { formatGoDuration, msToNanoseconds } from '../runtime/go-duration.ts';
import type { Logger } from '../runtime/logger.ts';
import { Backoff } from './manager/backoff.ts';

/** How {@link retry} goes about it. */
export interface RetryOptions {
  /** What the log says after a failure. */
  readonly failureMessage: string;
  /** Picks errors that another attempt would not change. */
  readonly isFinal: (error: unknown) => boolean;
  /** When to give up, counted from the first attempt. */
  readonly maxElapsedMs: number;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const FIRST_WAIT_MS = 5000;

/** Tries until it works, with growing pauses. Rejects with the last error, or with the signal's reason when it aborts. */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, log, signal } = options;
  const backoff = new Backoff({ initialMs: FIRST_WAIT_MS, random: options.random });
  const startedAtMs = clock.monotonicMs();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const waitMs = Math.round(backoff.nextMs());
      if (options.isFinal(error) || clock.monotonicMs() - startedAtMs + waitMs > options.maxElapsedMs) throw error;
      log.warn(options.failureMessage, { error, retry_interval: formatGoDuration(msToNanoseconds(waitMs)) });
      await sleep(clock, waitMs, { signal });
    }
  }
}
