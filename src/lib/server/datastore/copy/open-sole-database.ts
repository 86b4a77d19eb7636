import { existsSync } from 'node:fs';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { SqlSettings } from '../../catalog/sql-settings.ts';
import { migrateToLatest, requireLatest } from '../sql/migrations.ts';
import { hasOurTables } from '../sql/ownership.ts';
import { openSqliteDatabase } from '../sqlite/open-sqlite-data-store.ts';
import { sqliteKind } from '../sqlite/sqlite-kind.ts';
import type { OpenSoleOptions, SoleDatabase } from './sole-database.ts';

/**
 * Opens the database of a datastore while no server runs on it, and keeps servers away until it is closed. Errors:
 * `failed-precondition` while one runs, or for a database of another program; `not-found` for a file that is not there;
 * those of opening a datastore.
 */
export async function openSoleDatabase(settings: SqlSettings, options: OpenSoleOptions): Promise<SoleDatabase> {
  if (settings.type === 'postgres') {
    const { openSolePostgres } = await import('../postgres/open-sole-postgres.ts');
    return await openSolePostgres(settings, options);
  }
  const { path } = settings;
  const name = `SQLite ${JSON.stringify(path)}`;
  if (!options.mayCreate && !existsSync(path)) {
    throw new SpirekitError('not-found', `datastore "${path}" is not there`);
  }
  const { db } = await openSqliteDatabase({ path, clock: options.clock, signal: options.signal });
  return {
    name,
    db,
    kind: sqliteKind,
    hasTables: await hasOurTables(db, sqliteKind),
    makeTables: () => migrateToLatest(db, sqliteKind),
    requireTables: () => requireLatest(db, sqliteKind),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}
