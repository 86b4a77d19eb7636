import { type Clock, sleep } from './clock.ts';
import { formatGoDuration, msToNanoseconds } from './go-duration.ts';
import type { Logger } from './logger.ts';

/** How often the two clocks are compared. */
const LOOK_EVERY_MS = 4000;

/** Clocks that are kept right by small steps stay below this. */
const LEAST_JUMP_MS = 1000;

/**
 * Calls back whenever the wall clock went another way than the monotonic one: it was set, or the machine slept. The
 * argument is by how many milliseconds it went ahead; negative if it went back. Works until the signal aborts, and then
 * rejects with its reason.
 */
export async function watchForClockJumps(
  clock: Clock,
  onJump: (byMs: number) => void,
  { signal }: { readonly signal: AbortSignal },
): Promise<never> {
  const aheadMs = (): number => clock.nowMs() - clock.monotonicMs();
  for (let before = aheadMs(); ; ) {
    await sleep(clock, LOOK_EVERY_MS, { signal });
    const byMs = aheadMs() - before;
    before += byMs;
    if (Math.abs(byMs) >= LEAST_JUMP_MS) onJump(byMs);
  }
}

/** As {@link watchForClockJumps}, until disposed. */
export function onClockJumps(clock: Clock, onJump: (byMs: number) => void): AsyncDisposable {
  const stop = new AbortController();
  const ended = watchForClockJumps(clock, onJump, stop).catch(() => undefined);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

/** Says in a log what {@link watchForClockJumps} saw. */
export function logClockJump(log: Logger, byMs: number): void {
  const by = formatGoDuration(msToNanoseconds(Math.round(Math.abs(byMs))));
  if (byMs > 0) log.info('The clock was set forward, or this machine slept', { by });
  else log.warn('The clock was set back; certificates issued before may not be valid yet', { by });
}
