import { randomBytes } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DatabaseKind } from '../sql/database-kind.ts';
import type { Schema } from '../sql/schema.ts';
import { createChangeTable } from './change-table.ts';
import { lockInTransaction } from './locks.ts';
import { fromPostgresError, isConnectionLost, isRolledBack } from './postgres-errors.ts';

/** What the stores must know of PostgreSQL. */
export const postgresKind: DatabaseKind = {
  rowIdType: 'bigint',
  rowId: (column) => column.primaryKey().generatedByDefaultAsIdentity(),
  referenceType: 'bigint',
  bytesType: 'bytea',
  byteOrderedTextType: sql`text collate "C"`,
  createOwnTables: async (db) => {
    await createChangeTable(db);
    await sql`create table ${TRIAL_TABLE} (content bytea not null)`.execute(db);
  },
  findSchema,
  // All that the stores do in a write was written for one writer at a time: so it is with several servers, too.
  lockWrites: (tx) => lockInTransaction(tx, 'writers'),
  trials: [
    (tx) => sql`insert into ${TRIAL_TABLE} values (${randomBytes(TRIAL_BYTES)})`.execute(tx),
    (tx) => sql`delete from ${TRIAL_TABLE}`.execute(tx),
  ],
  skipRowIds: (tx, table) =>
    sql`
    select setval(pg_get_serial_sequence(${table}, 'id'), greatest(max(id), 1), max(id) is not null)
    from ${sql.table(table)}`.execute(tx),
  toError: fromPostgresError,
  isConnectionLost,
  isRolledBack,
};

const TRIAL_TABLE = sql.table('write_trials');

/** More than any usual write takes; random, since PostgreSQL compresses. */
const TRIAL_BYTES = 64 * 1024;

async function findSchema(db: Kysely<Schema> | Transaction<Schema>): Promise<string> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
  return rows[0]?.schema ?? 'public';
}
