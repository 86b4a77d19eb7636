import type { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { type Clock, sleep } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { Schema } from '../sql/schema.ts';
import { SqlDataStore } from '../sql/sql-data-store.ts';
import { IN_MEMORY } from './connection-string.ts';
import { prepareDatabaseFile } from './database-file.ts';
import { DatabaseFiles } from './database-files.ts';
import { loadSqlite } from './load-sqlite.ts';
import { NodeSqliteDialect } from './node-sqlite-dialect.ts';
import { fromSqliteError, isBusy } from './sqlite-errors.ts';
import { sqliteKind } from './sqlite-kind.ts';

/** A process that ends may hold its database for a moment longer. */
const DEFAULT_LOCK_WAIT_MS = 5000;
const LOCK_RETRY_MS = 100;

/** A large batch touches many pages of the indexes; what does not fit is written to the log before the commit, and read again. */
const PAGE_CACHE_KIB = 8 * 1024;

export interface SqliteDataStoreOptions {
  /** A file, made when missing; or `:memory:`. See `parseConnectionString`. */
  readonly path: string;
  /** The tables are not made or changed; default false. */
  readonly disableMigration?: boolean | undefined;
  readonly clock: Clock;
  /** How long another process may keep the file before opening fails, in milliseconds. Default 5000. */
  readonly lockWaitMs?: number;
  /** Ends the waiting for another process. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a datastore in an SQLite file. One process at a time has it, since the caches above learn of changes only from
 * their own datastore; every commit is on disk before it is answered (WAL, synchronous=FULL).
 *
 * Errors: `failed-precondition` when the file is in use, belongs to another program or was written by a newer version;
 * `data-loss` when it is damaged; `unavailable`, `io-error`.
 */
export async function openSqliteDataStore(options: SqliteDataStoreOptions): Promise<SqlDataStore> {
  const { path, clock, disableMigration } = options;
  const { db, place } = await openSqliteDatabase(options);
  return await SqlDataStore.open({ db, kind: sqliteKind, clock, place, disableMigration }).catch((error: unknown) => {
    throw within(path, error);
  });
}

/** The database alone, whose tables may be old or not there. Errors: those of {@link openSqliteDataStore}. */
export async function openSqliteDatabase(
  options: SqliteDataStoreOptions,
): Promise<{ readonly db: Kysely<Schema>; readonly place: DatabaseFiles | undefined }> {
  const { path } = options;
  const isInMemory = path === IN_MEMORY;
  const endedHard = isInMemory ? false : await prepare(path);
  const database = openDatabase(path);
  let place: DatabaseFiles | undefined;
  try {
    await lock(database, options);
    if (!isInMemory) place = DatabaseFiles.of(path);
    database.exec('pragma synchronous = full; pragma foreign_keys = on; pragma trusted_schema = off');
    database.exec(`pragma cache_size = -${PAGE_CACHE_KIB}`);
    if (endedHard) {
      checkIntegrity(database, path);
      emptyLog(database);
    }
  } catch (error) {
    database.close();
    throw within(path, error);
  }
  return { db: new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) }), place };
}

async function prepare(path: string): Promise<boolean> {
  try {
    return (await prepareDatabaseFile(path)).endedHard;
  } catch (error) {
    throw within(path, error);
  }
}

/** Which datastore cannot be used, and what can be done about it. */
function within(path: string, error: unknown): SpirekitError {
  const { code, message, cause } = fromSqliteError(error);
  const named = message.includes(path) ? message : `datastore "${path}": ${message}`;
  switch (code) {
    case 'data-loss':
      return new SpirekitError(code, `${named}; restore it from a backup`, { cause });
    case 'unavailable':
      return new SpirekitError(code, `${named}; check the disk it is on and its permissions`, { cause });
    default:
      return new SpirekitError(code, named, { cause });
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    return new (loadSqlite().DatabaseSync)(path);
  } catch (error) {
    throw within(path, error);
  }
}

async function lock(database: DatabaseSync, options: SqliteDataStoreOptions): Promise<void> {
  const { path, clock, signal, lockWaitMs = DEFAULT_LOCK_WAIT_MS } = options;
  const giveUpMs = clock.monotonicMs() + lockWaitMs;
  while (!tryLock(database)) {
    if (clock.monotonicMs() >= giveUpMs) {
      throw new SpirekitError('failed-precondition', `datastore "${path}" is in use by another process`);
    }
    await sleep(clock, LOCK_RETRY_MS, { signal });
  }
}

/** In exclusive mode the first access takes a lock that is kept until the database is closed. */
function tryLock(database: DatabaseSync): boolean {
  try {
    database.exec('pragma locking_mode = exclusive; pragma journal_mode = wal; begin immediate; commit');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

function checkIntegrity(database: DatabaseSync, path: string): void {
  const answer = Object.values(database.prepare('pragma quick_check(1)').get() ?? {})[0];
  if (answer === 'ok') return;
  throw new SpirekitError('data-loss', `datastore "${path}" is damaged: ${String(answer)}`);
}

/** What a killed process left in the write-ahead log goes into the database now, as far as the disk takes it. */
function emptyLog(database: DatabaseSync): void {
  try {
    database.exec('pragma wal_checkpoint(truncate)');
  } catch {
    // It is read from the log as well; SQLite tries again while it runs.
  }
}
