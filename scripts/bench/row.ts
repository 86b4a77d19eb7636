import type { Summary } from './statistics.ts';

/** One line of the table. */
export interface BenchRow {
  readonly name: string;
  readonly unit: Unit;
  readonly ours: Summary;
  /** Somebody else's figure in the same run, or that of an earlier revision. */
  readonly theirs?: Summary & { readonly whose: 'SPIRE' | 'Go' | 'before' };
  /** All of them must be kept. */
  readonly limits: readonly Limit[];
  /** What else was seen, on a line of its own below the table. */
  readonly note?: string;
}

/** Milliseconds, how many a second, mebibytes, or percent of a core. */
export type Unit = 'ms' | '/s' | 'MiB' | '%';

/** What a row must keep. A ratio is that of the medians, ours to theirs; without theirs it limits nothing. */
export type Limit =
  | { readonly kind: 'at most'; readonly value: number }
  | { readonly kind: 'ratio at most'; readonly ratio: number }
  | { readonly kind: 'ratio at least'; readonly ratio: number; readonly aim?: number };

/** Rows that are measured together. */
export interface RowGroup {
  /** The rows that it can measure. */
  readonly names: readonly string[];
  /** Measures those that are wanted. */
  readonly measure: (isWanted: (name: string) => boolean) => Promise<readonly BenchRow[]>;
}

/** Ours to theirs, by their medians. */
export function ratioOf(row: BenchRow): number | undefined {
  return row.theirs === undefined ? undefined : row.ours.median / row.theirs.median;
}

/** Whether the row keeps the limits that it has. What could not be measured keeps none. */
export function isWithinLimits(row: BenchRow): boolean {
  return row.limits.every((limit) => keeps(row, limit));
}

function keeps(row: BenchRow, limit: Limit): boolean {
  const ratio = ratioOf(row);
  switch (limit.kind) {
    case 'at most':
      return row.ours.median <= limit.value;
    case 'ratio at most':
      return ratio === undefined || ratio <= limit.ratio;
    case 'ratio at least':
      return ratio === undefined || ratio >= limit.ratio;
  }
}
