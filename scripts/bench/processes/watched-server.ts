/**
 * The server program of this checkout with its event loop watched: appends to the file that LOOP_DELAY_FILE names, four
 * times a second, how long the loop was late since the last line. Each line: milliseconds of the system's clock, the 99th
 * percentile and the maximum of the delay in milliseconds.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { projectRoot } from '../../../test/support/programs.ts';
import { WINDOW_MS } from '../loop-delay.ts';

/** The timer of the histogram fires once a millisecond; what it measures includes that. */
const RESOLUTION_MS = 1;

const file = process.env['LOOP_DELAY_FILE'] ?? '/dev/null';
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();
setInterval(() => {
  appendFileSync(file, `${Date.now()} ${late(histogram.percentile(99))} ${late(histogram.max)}\n`);
  histogram.reset();
}, WINDOW_MS).unref();
await import(join(projectRoot, 'dist/main/spire-server.cjs'));

function late(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
}
