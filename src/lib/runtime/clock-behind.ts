import type { Clock } from './clock.ts';
import { formatGoDuration, msToNanoseconds } from './go-duration.ts';
import type { Logger } from './logger.ts';

/**
 * Says in a log that the clock is behind, if something that was certainly issued in the past is not valid yet. A machine
 * without a battery for its clock starts like that.
 *
 * @param what as in "the SVID of the agent"
 */
export function warnIfClockIsBehind(
  what: string,
  { notBeforeMs }: { readonly notBeforeMs: number },
  { clock, log }: { readonly clock: Pick<Clock, 'nowMs'>; readonly log: Logger },
): void {
  const leastMs = notBeforeMs - clock.nowMs();
  if (leastMs <= 0) return;
  const by = formatGoDuration(msToNanoseconds(Math.ceil(leastMs / 1000) * 1000));
  log.warn(`The clock of this machine is at least ${by} behind: ${what} is not valid yet. Set it right`);
}
