import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import { formatSelector } from '../../../spiffe/selector.ts';
import type { NodeFilter } from '../node-store.ts';
import type { Schema } from './schema.ts';
import { distinctValues, matchCounts } from './set-match.ts';

type NodeExpressions = ExpressionBuilder<Schema & { n: Schema['attested_nodes'] }, 'n'>;

/** The conditions that all must hold, on the row `n`. Error: `invalid-argument` for an empty set or one of too many values. */
export function nodeConditions(eb: NodeExpressions, filter: NodeFilter): Expression<SqlBool>[] {
  const { attestationType, banned, canReattest, expiresBeforeSeconds, validAtSeconds, selectors } = filter;
  const conditions: Expression<SqlBool>[] = [];
  if (attestationType !== undefined) conditions.push(eb('n.attestation_type', '=', attestationType));
  if (banned !== undefined) conditions.push(eb('n.serial_number', banned ? '=' : '!=', ''));
  if (canReattest !== undefined) conditions.push(eb('n.can_reattest', '=', Number(canReattest)));
  if (expiresBeforeSeconds !== undefined) conditions.push(eb('n.expires_at', '<', expiresBeforeSeconds));
  if (validAtSeconds !== undefined) conditions.push(eb('n.expires_at', '>=', validAtSeconds));
  if (selectors !== undefined) {
    const wanted = distinctValues(selectors.values.map(formatSelector), 'selector');
    const matching = eb
      .selectFrom('node_selectors as s')
      .innerJoin('attested_nodes as own', 'own.id', 's.node')
      .select('s.node')
      .where('s.selector', 'in', wanted)
      .groupBy(['s.node', 'own.selector_count'])
      .having((inner) =>
        matchCounts(inner, selectors.match, {
          matched: inner.fn.countAll<number>(),
          own: inner.ref('own.selector_count'),
          wanted: wanted.length,
        }),
      );
    conditions.push(eb('n.id', 'in', matching));
  }
  return conditions;
}
