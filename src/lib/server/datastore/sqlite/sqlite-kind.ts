import { sql, type Transaction } from 'kysely';
import type { DatabaseKind } from '../sql/database-kind.ts';
import type { Schema } from '../sql/schema.ts';
import { fromSqliteError } from './sqlite-errors.ts';

/** What the stores must know of SQLite. */
export const sqliteKind: DatabaseKind = {
  rowIdType: 'integer',
  rowId: (column) => column.primaryKey().autoIncrement(),
  referenceType: 'integer',
  bytesType: 'blob',
  byteOrderedTextType: 'text',
  trials: [fillTrialTable, (tx) => sql`drop table ${TRIAL_TABLE}`.execute(tx)],
  toError: fromSqliteError,
};

/** Made and dropped to try whether writes succeed again; one that a killed process left does no harm. */
const TRIAL_TABLE = sql.table('spirekit_write_trial');

/** More than any usual write takes: what is left of a full disk may still take a page or two. */
const TRIAL_BYTES = 64 * 1024;

async function fillTrialTable(tx: Transaction<Schema>): Promise<void> {
  await sql`create table if not exists ${TRIAL_TABLE} (content text)`.execute(tx);
  await sql`insert into ${TRIAL_TABLE} values (${'x'.repeat(TRIAL_BYTES)})`.execute(tx);
}
