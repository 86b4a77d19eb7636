/** The parts of a metric's name, such as `['rpc', 'agent', 'v1', 'agent', 'attest_agent']`, without the program's own. */
export type MetricKey = readonly string[];

/** What tells series of one metric apart. The values must come from a small set: each makes a series. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Where a daemon writes what it counts and measures. Never throws: a metric must not end what it measures. */
export interface Metrics {
  /** Adds to a total that only grows. */
  incrementCounter(key: MetricKey, labels?: MetricLabels, by?: number): void;
  /** Sets a value that goes up and down. */
  setGauge(key: MetricKey, value: number, labels?: MetricLabels): void;
  /** Adds one of many values, of which quantiles are shown. Durations are in milliseconds. */
  addSample(key: MetricKey, value: number, labels?: MetricLabels): void;
}

/** For a daemon whose configuration asks for no metrics. */
export const NO_METRICS: Metrics = {
  incrementCounter() {},
  setGauge() {},
  addSample() {},
};
