import { access, chmod, constants, copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SpirekitError } from '../../../runtime/errors.ts';
import { errnoOf, ioReason } from '../../../runtime/io-reason.ts';
import { syncFolder } from '../../../runtime/sync-folder.ts';
import { MIGRATION_TABLE } from '../sql/migrations.ts';
import { whyForeign } from '../sql/ownership.ts';
import { loadSqlite } from './load-sqlite.ts';
import { fromSqliteError } from './sqlite-errors.ts';

/** Owner reads and writes, group reads; SQLite gives the same mode to the files beside it. */
const FILE_MODE = 0o640;
/** What others than owner and group must not have, and the group must not either. */
const FORBIDDEN_BITS = 0o137;

/**
 * Makes sure that the file may be opened as our datastore, creating an empty one where there is none. A database that
 * belongs to somebody else, above all to a real SPIRE, is told apart without writing to it or beside it, not even what
 * SQLite itself would do on opening and closing.
 *
 * Errors: `failed-precondition` for somebody else's database, `data-loss` for a damaged file, `unavailable` for one that
 * cannot be written, `io-error`.
 *
 * @returns whether the last process that used it ended without closing it
 */
export async function prepareDatabaseFile(path: string): Promise<{ endedHard: boolean }> {
  const found = await stat(path).catch(ignoreMissing);
  if (found === undefined) {
    await createFile(path);
    return { endedHard: false };
  }
  if (!found.isFile()) throw new SpirekitError('failed-precondition', `datastore "${path}" is not a file`);
  const endedHard = ((await stat(`${path}-wal`).catch(ignoreMissing))?.size ?? 0) > 0;
  if (found.size > 0 || endedHard) requireOurs(path, await listTables(path, endedHard));
  await assertWritable(path);
  if ((found.mode & FORBIDDEN_BITS) !== 0) await chmod(path, found.mode & FILE_MODE);
  return { endedHard };
}

/** SQLite would speak of an I/O error. It needs the folder for its log. */
async function assertWritable(path: string): Promise<void> {
  for (const needed of [path, dirname(path)]) {
    try {
      await access(needed, constants.W_OK);
    } catch (cause) {
      throw new SpirekitError('unavailable', `datastore "${path}" cannot be written: ${needed}: ${ioReason(cause)}`, {
        cause,
      });
    }
  }
}

function requireOurs(path: string, tables: ReadonlySet<string>): void {
  if (tables.has(MIGRATION_TABLE) || tables.size === 0) return;
  throw new SpirekitError('failed-precondition', `datastore "${path}" ${whyForeign(tables, 'choose another path')}`);
}

async function listTables(path: string, endedHard: boolean): Promise<ReadonlySet<string>> {
  const tables = canOpenAsImmutable() ? readTables(immutable(path)) : undefined;
  if (tables !== undefined && (tables.size > 0 || !endedHard)) return tables;
  // Everything may still be in the write-ahead log. Only opening it for good would tell, so a copy is opened.
  const folder = await mkdtemp(join(tmpdir(), 'datastore-'));
  try {
    const copy = join(folder, 'copy');
    await copyFile(path, copy);
    if (endedHard) await copyFile(`${path}-wal`, `${copy}-wal`);
    return readTables(copy);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** SQLite takes no lock on an immutable file, and makes no files beside it. */
function immutable(path: string): URL {
  const location = pathToFileURL(path);
  location.searchParams.set('immutable', '1');
  return location;
}

/** Node takes URLs, and what they ask of SQLite, from 22.15 on. */
function canOpenAsImmutable(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 15);
}

function readTables(location: URL | string): ReadonlySet<string> {
  try {
    const database = new (loadSqlite().DatabaseSync)(location, { readOnly: location instanceof URL });
    try {
      const rows = database.prepare("select name from sqlite_master where type = 'table'").all();
      return new Set(rows.map((row) => String(row['name'])).filter((name) => !name.startsWith('sqlite_')));
    } finally {
      database.close();
    }
  } catch (error) {
    throw fromSqliteError(error);
  }
}

async function createFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'wx', FILE_MODE);
    await file.close();
    await syncFolder(dirname(path));
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return;
    throw new SpirekitError('io-error', `unable to create datastore "${path}"`, { cause });
  }
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw SpirekitError.from(error);
}
