import Table from 'cli-table3';
import { type BenchRow, isWithinLimit, ratio } from './row.ts';

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(1);
}

/** The rows as people read them. */
export function renderTable(rows: readonly BenchRow[]): string {
  const table = new Table({
    head: ['what', 'ours ms', 'p90', 'SPIRE ms', 'p90', 'ratio', 'limit', ''],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const limits = [
      row.ratioLimit === undefined ? '' : `${row.ratioLimit} x`,
      row.medianLimitMs === undefined ? '' : `${row.medianLimitMs} ms`,
    ];
    table.push([
      row.name,
      milliseconds(row.ours.medianMs),
      milliseconds(row.ours.p90Ms),
      milliseconds(row.spire?.medianMs),
      milliseconds(row.spire?.p90Ms),
      ratio(row)?.toFixed(2) ?? '',
      limits.filter((limit) => limit !== '').join(', '),
      isWithinLimit(row) ? 'ok' : 'PAST ITS LIMIT',
    ]);
  }
  return table.toString();
}
