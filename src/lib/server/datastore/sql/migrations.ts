import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { DatabaseKind } from './database-kind.ts';
import { createInitialTables } from './migrations/0001-initial.ts';
import type { Schema } from './schema.ts';

/** Where the migrator notes what it did. A database with this table is ours. */
export const MIGRATION_TABLE = 'spirekit_migrations';
const MIGRATION_LOCK_TABLE = 'spirekit_migration_lock';

/** Every step ever released, by its name, in order. Append only. */
const STEPS: Readonly<Record<string, (db: Kysely<unknown>, kind: DatabaseKind) => Promise<void>>> = {
  '0001-initial': createInitialTables,
};

/**
 * Brings the tables to the layout of this version, all steps or none. Error: `failed-precondition` for a database that a
 * newer version wrote.
 */
export async function migrateToLatest(db: Kysely<Schema>, kind: DatabaseKind): Promise<void> {
  const migrations: Record<string, Migration> = {};
  for (const [name, step] of Object.entries(STEPS)) migrations[name] = { up: (tx) => step(tx, kind) };
  const done = await findDoneSteps(db, kind);
  refuseNewer(done);
  if (missingStep(done) === undefined) return;
  const schema = await kind.findSchema?.(db);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: MIGRATION_LOCK_TABLE,
    ...(schema !== undefined && { migrationTableSchema: schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof SpirekitError ? error : kind.toError(error);
}

/** Error: `failed-precondition` unless the tables have the layout of this version already. */
export async function requireLatest(db: Kysely<Schema>, kind: DatabaseKind): Promise<void> {
  const done = await findDoneSteps(db, kind);
  refuseNewer(done);
  const missing = missingStep(done);
  if (missing === undefined) return;
  throw new SpirekitError(
    'failed-precondition',
    `its tables are not of this version ("${missing}" is missing), and disable_migration keeps them from being changed: start one server without it, once`,
  );
}

function refuseNewer(done: readonly string[]): void {
  const newer = done.find((name) => !Object.hasOwn(STEPS, name));
  if (newer === undefined) return;
  throw new SpirekitError(
    'failed-precondition',
    `it was written by a newer version (its layout is "${newer}", the newest known here is "${newestStep()}"); it was not changed. Start that version again, or restore a backup from before the upgrade`,
  );
}

/** The steps that made the tables, newest first; none for a database without tables of ours. */
export async function findDoneSteps(db: Kysely<Schema>, kind: DatabaseKind): Promise<readonly string[]> {
  try {
    const schema = await kind.findSchema?.(db);
    const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
    const isOurs = tables.some(
      (table) => table.name === MIGRATION_TABLE && (schema === undefined || table.schema === schema),
    );
    if (!isOurs) return [];
    const done = await db
      .withTables<{ [MIGRATION_TABLE]: { name: string } }>()
      .selectFrom(MIGRATION_TABLE)
      .select('name')
      .orderBy('name', 'desc')
      .execute();
    return done.map(({ name }) => name);
  } catch (error) {
    throw kind.toError(error);
  }
}

function missingStep(done: readonly string[]): string | undefined {
  return Object.keys(STEPS).find((name) => !done.includes(name));
}

function newestStep(): string {
  return Object.keys(STEPS).at(-1) ?? '';
}
