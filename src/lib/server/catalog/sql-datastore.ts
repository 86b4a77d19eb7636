import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { BuiltInPlugin } from '../../catalog/built-in-plugin.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { DataStore } from '../datastore/datastore.ts';
import { openSqliteDataStore } from '../datastore/sqlite/open-sqlite-data-store.ts';
import type { DataStoreDeps } from './datastore-deps.ts';
import { readSqlSettings, SQL_SETTINGS, type SqlSettings } from './sql-settings.ts';

/** DataStore `sql`: `database_type` is `sqlite3` or `postgres`. */
export const sqlDatastore: BuiltInPlugin<DataStoreDeps, DataStore> = {
  isConfigurable: true,
  settings: SQL_SETTINGS,

  validate: (data) => {
    try {
      readSettings(data);
      return [];
    } catch (error) {
      return [SpirekitError.from(error).message];
    }
  },

  open: async (data, deps) => {
    const settings = readSettings(data);
    deps.log.info('Opening SQL database', { db_type: settings.type });
    return settings.type === 'sqlite3' ? await openSqlite(settings, deps) : await openPostgres(settings, deps);
  },
};

function readSettings(data: string): SqlSettings {
  return readSqlSettings(data, { environment: process.env, userName: () => userInfo().username });
}

async function openSqlite(
  { path, disableMigration }: SqlSettings & { type: 'sqlite3' },
  { clock, log, signal }: DataStoreDeps,
): Promise<DataStore> {
  if (!existsSync(path)) log.info('Initializing new database');
  const datastore = await openSqliteDataStore({ path, disableMigration, clock, signal });
  log.info('Connected to SQL database', { read_only: false, type: 'sqlite3', version: process.versions['sqlite'] });
  return datastore;
}

/** Loaded only here: who uses SQLite starts without it. */
async function openPostgres(settings: SqlSettings & { type: 'postgres' }, deps: DataStoreDeps): Promise<DataStore> {
  const { openPostgresDataStore } = await import('../datastore/postgres/open-postgres-data-store.ts');
  return await openPostgresDataStore({ ...settings, ...deps });
}
