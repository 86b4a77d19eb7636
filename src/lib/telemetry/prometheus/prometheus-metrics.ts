import { Counter, collectDefaultMetrics, Gauge, Registry, Summary } from 'prom-client';
import type { MetricFilter } from '../metric-filter.ts';
import type { MetricKey, MetricLabels, Metrics } from '../metrics.ts';

/** How metrics are named and marked. */
export interface PrometheusMetricsOptions {
  /** First part of every name, such as `spire_server`. */
  readonly prefix: string;
  /** Labels of every metric of SPIRE's. */
  readonly commonLabels: MetricLabels;
  readonly filter: MetricFilter;
}

/** As SPIRE's: these quantiles of the samples of the last ten seconds. */
const QUANTILES = [0.5, 0.9, 0.99];
const SAMPLE_AGE_SECONDS = 10;

/** Ways to show a metric, by how it is written. */
type Kind = 'counter' | 'gauge' | 'summary';

/**
 * Metrics in Prometheus' form under SPIRE's names: the parts of a key joined by `_`. What Node says of its own process is
 * added under Prometheus' names (`process_...`, `nodejs_...`), in place of what Go says of it.
 */
export class PrometheusMetrics implements Metrics {
  readonly #options: PrometheusMetricsOptions;
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #summaries = new Map<string, Summary>();

  constructor(options: PrometheusMetricsOptions) {
    this.#options = options;
    collectDefaultMetrics({ register: this.#registry });
  }

  /** The `Content-Type` of {@link show}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus' text format. */
  show(): Promise<string> {
    return this.#registry.metrics();
  }

  incrementCounter(key: MetricKey, labels: MetricLabels = {}, by = 1): void {
    this.#write('counter', key, labels, (definition, values) => {
      const counter = this.#counters.get(definition.name) ?? new Counter(definition);
      this.#counters.set(definition.name, counter);
      counter.inc(values, by);
    });
  }

  setGauge(key: MetricKey, value: number, labels: MetricLabels = {}): void {
    this.#write('gauge', key, labels, (definition, values) => {
      const gauge = this.#gauges.get(definition.name) ?? new Gauge(definition);
      this.#gauges.set(definition.name, gauge);
      gauge.set(values, value);
    });
  }

  addSample(key: MetricKey, value: number, labels: MetricLabels = {}): void {
    this.#write('summary', key, labels, (definition, values) => {
      const ages = { percentiles: QUANTILES, maxAgeSeconds: SAMPLE_AGE_SECONDS, ageBuckets: 5 };
      const summary = this.#summaries.get(definition.name) ?? new Summary({ ...definition, ...ages });
      this.#summaries.set(definition.name, summary);
      summary.observe(values, value);
    });
  }

  #write(
    kind: Kind,
    key: MetricKey,
    labels: MetricLabels,
    write: (definition: Definition, values: Record<string, string>) => void,
  ): void {
    const { prefix, commonLabels, filter } = this.#options;
    const whole = [prefix, ...key];
    if (!filter.isKept(whole)) return;
    const kept = Object.entries(filter.keepLabels({ ...labels, ...commonLabels }));
    const values = Object.fromEntries(kept.map(([name, value]) => [cleanLabel(name), cleanLabel(value)]));
    const name = metricName(whole);
    const help = `${whole.join('.')} (${kind})`;
    write({ name, help, labelNames: Object.keys(values), registers: [this.#registry] }, values);
  }
}

interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

function metricName(key: MetricKey): string {
  return key.join('_').replaceAll(/[^A-Za-z0-9_:]/g, '_');
}

/** SPIRE cleans names and values of labels alike: `example.org` becomes `example_org`. */
function cleanLabel(text: string): string {
  return text.replaceAll(/\W+_?/g, '_');
}
