import Table from 'cli-table3';
import { type BenchRow, isWithinLimits, type Limit, ratioOf, type Unit } from './row.ts';

/** The rows as people read them, with their notes below. */
export function renderTable(rows: readonly BenchRow[]): string {
  const table = new Table({
    head: ['what', 'ours', 'p90', 'theirs', 'p90', 'ratio', 'limit', ''],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const { name, unit, ours, theirs, limits } = row;
    table.push([
      name,
      format(ours.median, unit),
      format(ours.p90, unit),
      theirs === undefined ? '' : `${theirs.whose} ${format(theirs.median, unit)}`,
      format(theirs?.p90, unit),
      ratioOf(row)?.toFixed(2) ?? '',
      limits.map((limit) => formatLimit(limit, unit)).join(', '),
      isWithinLimits(row) ? 'ok' : 'PAST ITS LIMIT',
    ]);
  }
  const notes = rows.flatMap(({ name, note }) => (note === undefined ? [] : [`${name}: ${note}`]));
  return [table.toString(), ...notes].join('\n');
}

/** Behind the point. */
const DIGITS: Readonly<Record<Unit, number>> = { ms: 1, '/s': 0, MiB: 1, '%': 3 };

function format(value: number | undefined, unit: Unit): string {
  return value === undefined ? '' : `${value.toFixed(DIGITS[unit])} ${unit}`;
}

function formatLimit(limit: Limit, unit: Unit): string {
  switch (limit.kind) {
    case 'at most':
      return `at most ${limit.value} ${unit}`;
    case 'ratio at most':
      return `at most ${limit.ratio} x`;
    case 'ratio at least':
      return `at least ${limit.ratio} x${limit.aim === undefined ? '' : `, aim ${limit.aim} x`}`;
  }
}
