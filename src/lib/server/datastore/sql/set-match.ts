import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { SetMatch } from '../entry-store.ts';

/** Values in one filter; databases bound the parameters of a query. */
const MOST_VALUES = 10_000;

/**
 * The condition on how many values of a row's set are among the wanted ones, by which all four comparisons can be told.
 *
 * @param matched how many values of the row are among the wanted ones, at least 1
 * @param own how many values the row has
 */
export function matchCounts<DB, TB extends keyof DB>(
  eb: ExpressionBuilder<DB, TB>,
  match: SetMatch,
  counts: { matched: Expression<number>; own: Expression<number>; wanted: number },
): Expression<SqlBool> {
  const { matched, own, wanted } = counts;
  const isSubset = sql<SqlBool>`${matched} = ${own}`;
  const isSuperset = sql<SqlBool>`${matched} = ${sql.val(wanted)}`;
  switch (match) {
    case 'any':
      return sql<SqlBool>`${matched} > 0`;
    case 'subset':
      return isSubset;
    case 'superset':
      return isSuperset;
    case 'exact':
      return eb.and([isSubset, isSuperset]);
  }
}

/** The wanted values without repetition. Error: `invalid-argument` for none or too many. */
export function distinctValues(values: readonly string[], what: string): string[] {
  const distinct = [...new Set(values)];
  if (distinct.length === 0) throw new SpirekitError('invalid-argument', `cannot list by empty ${what} set`);
  if (distinct.length > MOST_VALUES) {
    throw new SpirekitError('invalid-argument', `cannot list by more than ${MOST_VALUES} ${what}s`);
  }
  return distinct;
}
