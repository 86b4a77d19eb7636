import type { Summary } from './statistics.ts';

/** One line of the table. */
export interface BenchRow {
  readonly name: string;
  readonly ours: Summary;
  /** SPIRE's figure in the same run. */
  readonly spire?: Summary;
  /** The largest ratio of the medians, ours to SPIRE's, that is acceptable. */
  readonly ratioLimit?: number;
  /** The largest median that is acceptable, in milliseconds. */
  readonly medianLimitMs?: number;
}

/** Ours to SPIRE's, by their medians. */
export function ratio(row: BenchRow): number | undefined {
  return row.spire === undefined ? undefined : row.ours.medianMs / row.spire.medianMs;
}

/** Whether the row keeps the limits that it has. */
export function isWithinLimit(row: BenchRow): boolean {
  const isSlower = (ratio(row) ?? 0) > (row.ratioLimit ?? Number.POSITIVE_INFINITY);
  return !isSlower && row.ours.medianMs <= (row.medianLimitMs ?? Number.POSITIVE_INFINITY);
}
