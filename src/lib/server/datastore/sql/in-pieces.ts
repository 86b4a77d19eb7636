import { nextTurn } from '../../../runtime/next-turn.ts';

/** Values in one `in (...)`. */
const VALUES_AT_ONCE = 500;

/** Runs a statement for many values some at a time, and lets others have their turn in between. Repeated ones come once. */
export async function forEachPiece<Value>(
  values: Iterable<Value>,
  run: (values: readonly Value[]) => Promise<unknown>,
): Promise<void> {
  const distinct = [...new Set(values)];
  for (let start = 0; start < distinct.length; start += VALUES_AT_ONCE) {
    if (start > 0) await nextTurn();
    await run(distinct.slice(start, start + VALUES_AT_ONCE));
  }
}

/** The rows that a query finds for many values, asked for as {@link forEachPiece} does. */
export async function selectInPieces<Value, Row>(
  values: Iterable<Value>,
  select: (values: readonly Value[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  await forEachPiece(values, async (some) => {
    for (const row of await select(some)) rows.push(row);
  });
  return rows;
}
