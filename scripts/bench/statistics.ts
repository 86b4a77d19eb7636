/** The middle value of several runs, and the one that nine in ten stay below. A single measurement has no spread. */
export interface Summary {
  readonly median: number;
  readonly p90?: number;
  readonly runs: number;
}

/** Sums up a batch of runs. */
export function summarise(samples: readonly number[]): Summary {
  return { median: percentile(samples, 0.5), p90: percentile(samples, 0.9), runs: samples.length };
}

/** The value that a share of the samples (0.99 for 99 in 100) stays below; NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** What was measured once. */
export function single(value: number): Summary {
  return { median: value, runs: 1 };
}

/** The middle of several batches by their median. */
export function middleBatch(batches: readonly Summary[]): Summary {
  const sorted = batches.toSorted((a, b) => a.median - b.median);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError('no batch');
  return middle;
}
