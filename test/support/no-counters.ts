import { systemClock } from '../../src/lib/runtime/clock.ts';
import type { CallCounterDeps } from '../../src/lib/telemetry/call-counter.ts';
import { NO_METRICS } from '../../src/lib/telemetry/metrics.ts';

/** For what counts calls, in tests that do not look at the counts. */
export const noCounters: CallCounterDeps = { metrics: NO_METRICS, clock: systemClock };
