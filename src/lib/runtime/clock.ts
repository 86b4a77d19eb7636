/** Cancels a pending {@link Clock.schedule}; calling it again or after the callback ran does nothing. */
export type CancelTimer = () => void;

/** Time as a dependency: nothing else in this package asks the real clock. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump both ways. */
  nowMs(): number;
  /** Milliseconds on a clock that never jumps back; only differences mean something. */
  monotonicMs(): number;
  /** Calls back once after the delay (any length; negative counts as 0). `unref` lets the process end while it waits. */
  schedule(delayMs: number, callback: () => void, options?: { unref?: boolean }): CancelTimer;
}

/** Node keeps timer delays in 31 bits and fires a longer one at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The real clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Not `performance.now`, whose first use loads modules for a millisecond or two.
  monotonicMs: () => {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1e3 + nanoseconds / 1e6;
  },
  schedule(delayMs, callback, options) {
    let left = Math.max(0, delayMs);
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const step = Math.min(left, LONGEST_TIMER_MS);
      left -= step;
      timer = setTimeout(() => (left > 0 ? arm() : callback()), step);
      if (options?.unref === true) timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/**
 * Resolves after the delay, or rejects with the signal's reason as soon as it aborts.
 *
 * @param delayMs any length in milliseconds
 */
export function sleep(
  clock: Clock,
  delayMs: number,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
