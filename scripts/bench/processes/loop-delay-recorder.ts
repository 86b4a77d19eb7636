/**
 * Loaded into a daemon before its program (`node --import`): appends to the file that LOOP_DELAY_FILE names, four times a
 * second, how long the event loop was late at worst since the last line. Each line: milliseconds of the system's clock,
 * the 99th percentile and the maximum of the delay in milliseconds.
 */
import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const WINDOW_MS = 250;
/** The timer of the histogram fires once a millisecond; what it measures includes that. */
const RESOLUTION_MS = 1;

const file = process.env['LOOP_DELAY_FILE'];
if (file !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  setInterval(() => {
    appendFileSync(file, `${Date.now()} ${late(histogram.percentile(99))} ${late(histogram.max)}\n`);
    histogram.reset();
  }, WINDOW_MS).unref();
}
