import { nextTurn } from '../../../runtime/next-turn.ts';
import { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { DatastoreChange } from '../change-events.ts';
import { fromEntryRow } from '../sql/entry-row.ts';
import { fromNodeRow } from '../sql/node-row.ts';
import type { Queries } from '../sql/session.ts';
import type { ChangedNames } from './change-list.ts';

/** Rows that are read at once. */
const PIECE = 500;

/** What the changed things are now. */
export async function selectChangedValues(db: Queries, names: ChangedNames): Promise<DatastoreChange[]> {
  const changes: DatastoreChange[] = [];
  for (const ids of pieces(names.entryIds)) {
    const rows = await db.selectFrom('registered_entries').selectAll().where('entry_id', 'in', ids).execute();
    const entries = new Map(rows.map((row) => [row.entry_id, fromEntryRow(row)]));
    for (const entryId of ids) changes.push({ kind: 'entry', entryId, entry: entries.get(entryId) });
    await nextTurn();
  }
  for (const ids of pieces(names.nodes)) {
    const rows = await db.selectFrom('attested_nodes').selectAll().where('spiffe_id', 'in', ids).execute();
    const nodes = new Map(rows.map((row) => [row.spiffe_id, fromNodeRow(row)]));
    for (const spiffeId of ids) changes.push({ kind: 'node', spiffeId, node: nodes.get(spiffeId) });
    await nextTurn();
  }
  for (const name of names.bundles) changes.push({ kind: 'bundle', trustDomain: TrustDomain.parse(name) });
  for (const name of names.federations) changes.push({ kind: 'federation', trustDomain: TrustDomain.parse(name) });
  return changes;
}

function* pieces(names: ReadonlySet<string>): Generator<readonly string[]> {
  const all = [...names];
  for (let start = 0; start < all.length; start += PIECE) yield all.slice(start, start + PIECE);
}
