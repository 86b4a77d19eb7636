/** The middle value and the one that nine in ten stay below, in milliseconds. */
export interface Summary {
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly runs: number;
}

/** Sums up a batch of runs. */
export function summarise(samplesMs: readonly number[]): Summary {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { medianMs: at(0.5), p90Ms: at(0.9), runs: sorted.length };
}

/** The middle of several batches by their median. */
export function middleBatch(batches: readonly Summary[]): Summary {
  const sorted = [...batches].sort((a, b) => a.medianMs - b.medianMs);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError('no batch');
  return middle;
}
