import type { Clock } from './clock.ts';

/**
 * A moment that has come as soon as one of two clocks says so. The wall clock alone would be late after it was set back;
 * the monotonic clock alone is late after a sleep of the machine, during which it stands still (on Linux).
 */
export interface DueTime {
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** Of the monotonic clock. */
  readonly monotonicMs: number;
}

/** What both functions read. */
type Clocks = Pick<Clock, 'nowMs' | 'monotonicMs'>;

/** Long ago. */
export const DUE_NOW: DueTime = { wallMs: Number.NEGATIVE_INFINITY, monotonicMs: Number.NEGATIVE_INFINITY };

/**
 * The moment at which the wall clock will say so.
 *
 * @param longestMs that it comes after so much time at the latest, whatever the wall clock says now
 */
export function dueAt(wallMs: number, clock: Clocks, longestMs = Number.POSITIVE_INFINITY): DueTime {
  return { wallMs, monotonicMs: clock.monotonicMs() + Math.min(wallMs - clock.nowMs(), longestMs) };
}

/** How long to wait for it, in milliseconds; 0 or less if it has come. */
export function msUntil(due: DueTime, clock: Clocks): number {
  return Math.min(due.wallMs - clock.nowMs(), due.monotonicMs - clock.monotonicMs());
}
