import { writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { SpirekitError } from '../../../../../src/lib/runtime/errors.ts';
import { fromSqliteError } from '../../../../../src/lib/server/datastore/sqlite/sqlite-errors.ts';
import { TemporaryFolder } from '../temporary-folder.ts';

function codeOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    const translated = fromSqliteError(error);
    expect(translated.cause).toBe(error);
    expect(translated.message).toMatch(/^datastore-sql: /);
    return translated.code;
  }
  return 'none';
}

describe('fromSqliteError', () => {
  test('a full disk, a read-only file and a busy database are unavailable', async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.file('a.db');
    const database = new DatabaseSync(path);
    database.exec('create table t (a); pragma max_page_count = 2');
    expect(codeOf(() => database.exec('insert into t values (randomblob(100000))'))).toBe('unavailable');
    database.exec('begin exclusive');
    const second = new DatabaseSync(path, { readOnly: true });
    expect(codeOf(() => second.exec('select * from t'))).toBe('unavailable');
    database.exec('rollback');
    expect(codeOf(() => second.exec('insert into t values (1)'))).toBe('unavailable');
    second.close();
    database.close();
    expect(codeOf(() => new DatabaseSync(folder.file('no/such.db')))).toBe('unavailable');
  });

  test('a damaged file is data loss', async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.file('a.db');
    await writeFile(path, 'x'.repeat(5000));
    const database = new DatabaseSync(path);
    expect(codeOf(() => database.exec('select * from sqlite_master'))).toBe('data-loss');
    database.close();
  });

  test('anything else of SQLite is internal, and what is not of SQLite keeps its own code', () => {
    using database = new DatabaseSync(':memory:');
    expect(codeOf(() => database.exec('select nonsense'))).toBe('internal');
    const own = new SpirekitError('not-found', 'nothing');
    expect(fromSqliteError(own)).toBe(own);
    expect(fromSqliteError(new DOMException('stop', 'AbortError')).code).toBe('canceled');
  });
});
