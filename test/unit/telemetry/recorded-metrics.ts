import type { MetricKey, MetricLabels, Metrics } from '../../../src/lib/telemetry/metrics.ts';

/** Something that was written to metrics. */
export interface RecordedMetric {
  readonly kind: 'counter' | 'gauge' | 'sample';
  /** The key with dots. */
  readonly name: string;
  readonly labels: MetricLabels;
  readonly value: number;
}

/** Metrics that remember what was written, in order. */
export class RecordedMetrics implements Metrics {
  readonly all: RecordedMetric[] = [];

  incrementCounter(key: MetricKey, labels: MetricLabels = {}, by = 1): void {
    this.all.push({ kind: 'counter', name: key.join('.'), labels, value: by });
  }

  setGauge(key: MetricKey, value: number, labels: MetricLabels = {}): void {
    this.all.push({ kind: 'gauge', name: key.join('.'), labels, value });
  }

  addSample(key: MetricKey, value: number, labels: MetricLabels = {}): void {
    this.all.push({ kind: 'sample', name: key.join('.'), labels, value });
  }
}
