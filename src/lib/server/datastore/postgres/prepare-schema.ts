import { type Kysely, sql } from 'kysely';
import { type Clock, sleep } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import { MIGRATION_TABLE, migrateToLatest, requireLatest } from '../sql/migrations.ts';
import { whyForeign } from '../sql/ownership.ts';
import { type Schema, TABLES } from '../sql/schema.ts';
import { LOCKS } from './locks.ts';
import { postgresKind } from './postgres-kind.ts';

/** Another server may be at it. */
const LOCK_WAIT_MS = 60_000;
const LOCK_RETRY_MS = 100;

/**
 * Makes the tables or brings them up to date, one server at a time; those that come later find nothing to do. Tables of
 * another program, above all of a real SPIRE, are left as they are.
 *
 * Error: `failed-precondition` for those, for tables of a newer version, and for old ones that are not to be changed.
 */
export async function prepareSchema(db: Kysely<Schema>, options: PrepareSchemaOptions): Promise<void> {
  await db.connection().execute(async (connection) => {
    await lock(connection, options);
    try {
      await refuseForeignTables(connection);
      if (options.disableMigration) await requireLatest(connection, postgresKind);
      else await migrateToLatest(connection, postgresKind);
    } finally {
      await sql`select pg_advisory_unlock(${LOCK}, hashtext(current_schema()))`.execute(connection);
    }
  });
}

/** How the tables are prepared. */
export interface PrepareSchemaOptions {
  readonly disableMigration: boolean;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

const LOCK = sql.lit(LOCKS.migration);

async function lock(db: Kysely<Schema>, { clock, signal }: PrepareSchemaOptions): Promise<void> {
  const giveUpMs = clock.monotonicMs() + LOCK_WAIT_MS;
  for (;;) {
    const { rows } = await sql<{ got: boolean }>`
      select pg_try_advisory_lock(${LOCK}, hashtext(current_schema())) as got`.execute(db);
    if (rows[0]?.got === true) return;
    if (clock.monotonicMs() >= giveUpMs) {
      throw new SpirekitError('unavailable', 'another server has been making its tables for a minute');
    }
    await sleep(clock, LOCK_RETRY_MS, { signal });
  }
}

async function listTables(db: Kysely<Schema>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema()`.execute(db);
  return new Set(rows.map(({ name }) => name));
}

/** Error: `failed-precondition` for tables of another program. */
export async function refuseForeignTables(db: Kysely<Schema>): Promise<void> {
  const tables = await listTables(db);
  // In a schema that holds one of our names and is not ours we could only do harm.
  if (tables.has(MIGRATION_TABLE) || !TABLES.some((name) => tables.has(name))) return;
  throw new SpirekitError('failed-precondition', `it ${whyForeign(tables, 'choose another database or schema')}`);
}
