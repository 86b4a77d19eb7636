import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SqlDataStore } from '../../../../../src/lib/server/datastore/sql/sql-data-store.ts';
import { openSqliteDataStore } from '../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { makeEntry } from '../samples.ts';
import { TemporaryFolder } from '../temporary-folder.ts';

describe('openSqliteDataStore', () => {
  let folder: TemporaryFolder;
  let path: string;
  let clock: ManualClock;

  beforeEach(async () => {
    folder = await TemporaryFolder.make();
    path = folder.file('datastore.sqlite3');
    clock = new ManualClock();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const open = (options: { lockWaitMs?: number; signal?: AbortSignal } = {}): Promise<SqlDataStore> =>
    openSqliteDataStore({ path, clock, lockWaitMs: 0, ...options });

  test('keeps what it was given over a restart', async () => {
    const { entry } = await using1(await open(), (store) => store.entries.createEntry(makeEntry({})));
    const found = await using1(await open(), (store) => store.entries.findEntry(entry.id));
    expect(found).toEqual(entry);
  });

  test('never gives out the place of a deleted entry again, so that page tokens stay true', async () => {
    await using1(await open(), async (store) => {
      const { entry } = await store.entries.createEntry(makeEntry({}));
      await store.entries.deleteEntry(entry.id);
    });
    const page = await using1(await open(), async (store) => {
      await store.entries.createEntry(makeEntry({}));
      return store.entries.listEntries({}, { size: 1, token: '' });
    });
    expect(page.nextToken).toBe('2');
  });

  test('makes files that only the owner writes and the group reads, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      await using1(await open(), async (store) => {
        await store.entries.createEntry(makeEntry({}));
        for (const name of await readdir(folder.path)) {
          expect((await stat(folder.file(name))).mode & 0o777, name).toBe(0o640);
        }
      });
      await chmod(path, 0o666);
      await using1(await open(), async () => {});
      expect((await stat(path)).mode & 0o777).toBe(0o640);
    } finally {
      process.umask(umask);
    }
  });

  test('lets one process at a time have the file and says so at once', async () => {
    await using1(await open(), async () => {
      await expect(open()).rejects.toMatchObject({
        code: 'failed-precondition',
        message: `datastore "${path}" is in use by another process`,
      });
    });
    await using1(await open(), async () => {});
  });

  test('waits a moment for the process before it to end', async () => {
    const first = await open();
    const second = open({ lockWaitMs: 1000 });
    await until(() => clock.pending === 1);
    await first[Symbol.asyncDispose]();
    clock.advance(100);
    await using1(await second, async () => {});
  });

  test('stops waiting when told', async () => {
    await using1(await open(), async () => {
      const controller = new AbortController();
      const second = open({ lockWaitMs: 1000, signal: controller.signal });
      await until(() => clock.pending === 1);
      controller.abort(new DOMException('stop', 'AbortError'));
      await expect(second).rejects.toMatchObject({ code: 'canceled' });
      expect(clock.pending).toBe(0);
    });
  });

  test('has everything that was answered after the process was killed', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', killedWriter(path)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let answered = '';
    child.stdout.on('data', (chunk) => {
      answered += chunk;
      if (answered.split('\n').length > 20) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const ids = answered.trim().split('\n');
    expect(ids.length).toBeGreaterThanOrEqual(20);
    const found = await using1(await open(), (store) => store.entries.findEntries(ids));
    expect(found.size).toBe(ids.length);
  });

  test('says that a damaged file is damaged', async () => {
    await writeFile(path, 'this is not a database, however long it is '.repeat(100));
    await expect(open()).rejects.toMatchObject({ code: 'data-loss' });
  });

  test('notices damage after a process ended hard', async () => {
    await using1(await open(), async (store) => {
      for (let index = 0; index < 300; index += 1) await store.entries.createEntry(makeEntry({ path: `/${index}` }));
    });
    const { size } = await stat(path);
    const database = new DatabaseSync(path);
    database.exec('pragma journal_mode = wal; create table later (a)');
    const log = await readFile(`${path}-wal`);
    database.close();
    await truncate(path, size - 8192);
    await writeFile(`${path}-wal`, log);
    await expect(open()).rejects.toMatchObject({ code: 'data-loss' });
  });

  test('refuses a folder', async () => {
    await mkdir(path);
    await expect(open()).rejects.toMatchObject({ code: 'failed-precondition' });
  });

  test('says which file cannot be made', async () => {
    path = folder.file('no/such/folder.db');
    await expect(open()).rejects.toMatchObject({ code: 'io-error', message: expect.stringContaining(path) });
  });

  test('refuses what a newer version wrote and leaves it as it is', async () => {
    await using1(await open(), async () => {});
    const database = new DatabaseSync(path);
    database.prepare('insert into spirekit_migrations (name, timestamp) values (?, ?)').run('9999-future', 'now');
    database.close();
    await expect(open()).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('"9999-future"'),
    });
  });

  describe('a database of another program', () => {
    const layouts = {
      'a SPIRE server': [
        'create table migrations (id integer primary key, version integer, code_version text)',
        'create table registered_entries (id integer primary key, entry_id text)',
        'create table bundles (id integer primary key, trust_domain text)',
      ],
      'another program': ['create table things (a)'],
    };

    for (const [owner, statements] of Object.entries(layouts)) {
      test(`of ${owner} is refused without a trace, after it ended well`, async () => {
        const database = new DatabaseSync(path);
        database.exec('pragma journal_mode = wal');
        for (const statement of statements) database.exec(statement);
        database.close();
        await expectUntouchedRefusal(owner);
      });

      test(`of ${owner} is refused without a trace, after it was killed with everything still in the log`, async () => {
        const database = new DatabaseSync(path);
        database.exec('pragma journal_mode = wal');
        for (const statement of statements) database.exec(statement);
        const files = new Map<string, Buffer>();
        for (const name of ['', '-wal']) files.set(name, await readFile(`${path}${name}`));
        database.close();
        path = folder.file('killed.sqlite3');
        for (const [name, content] of files) await writeFile(`${path}${name}`, content);
        await expectUntouchedRefusal(owner);
      });

      test(`of ${owner} is refused without a trace while it is in use`, async () => {
        const database = new DatabaseSync(path);
        database.exec('pragma journal_mode = wal');
        for (const statement of statements) database.exec(statement);
        database.exec('begin immediate');
        await expectUntouchedRefusal(owner);
        database.exec('rollback');
        database.close();
      });
    }

    async function expectUntouchedRefusal(owner: string): Promise<void> {
      const before = await fingerprint(folder.path);
      await expect(open()).rejects.toMatchObject({
        code: 'failed-precondition',
        message: expect.stringContaining(owner),
      });
      expect(await fingerprint(folder.path)).toEqual(before);
    }
  });
});

async function using1<R extends AsyncDisposable, T>(resource: R, work: (resource: R) => Promise<T>): Promise<T> {
  await using owned = resource;
  return await work(owned);
}

/** Names, modes, times and contents of all files of a folder, except the shared memory that readers may touch. */
async function fingerprint(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { mode, mtimeMs, size } = await stat(`${folder}/${name}`);
      const content = createHash('sha256')
        .update(await readFile(`${folder}/${name}`))
        .digest('hex');
      return [name, mode, mtimeMs, size, content].join(' ');
    }),
  );
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A process that creates entries and prints the id of each as soon as it has its answer. */
function killedWriter(path: string): string {
  const source = new URL('../../../../../src/lib/', import.meta.url);
  return `
    import { openSqliteDataStore } from '${new URL('server/datastore/sqlite/open-sqlite-data-store.ts', source)}';
    import { systemClock } from '${new URL('runtime/clock.ts', source)}';
    import { makeEntry } from '${new URL('../samples.ts', import.meta.url)}';
    import { writeSync } from 'node:fs';
    const store = await openSqliteDataStore({ path: ${JSON.stringify(path)}, clock: systemClock });
    for (let index = 0; ; index += 1) {
      const { entry } = await store.entries.createEntry(makeEntry({ path: '/' + index }));
      writeSync(1, entry.id + '\\n');
      await new Promise((resolve) => setImmediate(resolve));
    }
  `;
}
