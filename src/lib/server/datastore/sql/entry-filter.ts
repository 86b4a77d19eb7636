import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import { formatSelector } from '../../../spiffe/selector.ts';
import type { EntryFilter } from '../entry-store.ts';
import type { Schema } from './schema.ts';
import { distinctValues, matchCounts } from './set-match.ts';

type EntryExpressions = ExpressionBuilder<Schema & { e: Schema['registered_entries'] }, 'e'>;

/** The conditions that all must hold, on the row `e`. Error: `invalid-argument` for an empty set or one of too many values. */
export function entryConditions(eb: EntryExpressions, filter: EntryFilter): Expression<SqlBool>[] {
  const { parentId, spiffeId, selectors, federatesWith, hint, downstream } = filter;
  const conditions: Expression<SqlBool>[] = [];
  if (parentId !== undefined) conditions.push(eb('e.parent_id', '=', parentId.toString()));
  if (spiffeId !== undefined) conditions.push(eb('e.spiffe_id', '=', spiffeId.toString()));
  if (hint !== undefined && hint !== '') conditions.push(eb('e.hint', '=', hint));
  if (downstream === true) conditions.push(eb('e.downstream', '=', 1));
  if (selectors !== undefined) {
    const wanted = distinctValues(selectors.values.map(formatSelector), 'selector');
    const matching = eb
      .selectFrom('entry_selectors as s')
      .innerJoin('registered_entries as own', 'own.id', 's.entry')
      .select('s.entry')
      .where('s.selector', 'in', wanted)
      .groupBy(['s.entry', 'own.selector_count'])
      .having((inner) =>
        matchCounts(inner, selectors.match, {
          matched: inner.fn.countAll<number>(),
          own: inner.ref('own.selector_count'),
          wanted: wanted.length,
        }),
      );
    conditions.push(eb('e.id', 'in', matching));
  }
  if (federatesWith !== undefined) {
    const wanted = distinctValues(
      federatesWith.values.map((trustDomain) => trustDomain.name),
      'trust domain',
    );
    const matching = eb
      .selectFrom('entry_federations as f')
      .innerJoin('registered_entries as own', 'own.id', 'f.entry')
      .select('f.entry')
      .where('f.trust_domain', 'in', wanted)
      .groupBy(['f.entry', 'own.federation_count'])
      .having((inner) =>
        matchCounts(inner, federatesWith.match, {
          matched: inner.fn.countAll<number>(),
          own: inner.ref('own.federation_count'),
          wanted: wanted.length,
        }),
      );
    conditions.push(eb('e.id', 'in', matching));
  }
  return conditions;
}
