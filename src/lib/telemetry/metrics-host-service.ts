import type { ServiceImplementation } from '../rpc/call-context.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Label, MetricsDefinition } from '../wire/gen/spire/hostservice/common/metrics/v1/metrics.ts';
import type { MetricLabels, Metrics } from './metrics.ts';

/** Each series costs memory for as long as the daemon runs, and plugins are foreign code. */
const MAX_SERIES = 1_000;

const MAX_PARTS = 16;
const NAME = /^[\w.-]{1,64}$/;
const MAX_VALUE_LENGTH = 256;

/**
 * Lets plugins count among the daemon's own metrics. What is named oddly, or is one series too many, is not counted; a
 * plugin is told nothing of it, as it is told nothing of a metric that the configuration leaves out.
 */
export function metricsHostService({
  metrics,
  clock,
}: {
  readonly metrics: Metrics;
  readonly clock: Clock;
}): ServiceImplementation<typeof MetricsDefinition> {
  const known = new Set<string>();
  const accept = (kind: string, key: readonly string[], labels: readonly Label[]): MetricLabels | undefined => {
    if (key.length === 0 || key.length > MAX_PARTS || labels.length > MAX_PARTS) return undefined;
    if (![...key, ...labels.map(({ name }) => name)].every((name) => NAME.test(name))) return undefined;
    const short = labels.map(({ name, value }) => [name, value.slice(0, MAX_VALUE_LENGTH)] as const);
    const series = JSON.stringify([kind, key, short]);
    if (!known.has(series) && known.size >= MAX_SERIES) return undefined;
    known.add(series);
    return Object.fromEntries(short);
  };
  return {
    async setGauge({ key, val, labels }) {
      const accepted = accept('gauge', key, labels);
      if (accepted !== undefined) metrics.setGauge(key, val, accepted);
      return {};
    },
    // As SPIRE's exporter for Prometheus, which has nothing to show for it.
    emitKey: async () => ({}),
    async incrCounter({ key, val, labels }) {
      const accepted = accept('counter', key, labels);
      if (accepted !== undefined && val >= 0) metrics.incrementCounter(key, accepted, val);
      return {};
    },
    async addSample({ key, val, labels }) {
      const accepted = accept('sample', key, labels);
      if (accepted !== undefined) metrics.addSample(key, val, accepted);
      return {};
    },
    async measureSince({ key, time, labels }) {
      const accepted = accept('sample', key, labels);
      if (accepted !== undefined) metrics.addSample(key, clock.nowMs() - Number(time / 1_000_000n), accepted);
      return {};
    },
  };
}
