import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { copyFile, open as openFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DatastoreChange } from '../../../../../src/lib/server/datastore/change-events.ts';
import type { SqlDataStore } from '../../../../../src/lib/server/datastore/sql/sql-data-store.ts';
import { openSqliteDataStore } from '../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { SmallDisk, whyNoMounts } from '../../../../support/small-disk.ts';
import { makeEntry, makeNode } from '../samples.ts';
import { TemporaryFolder } from '../temporary-folder.ts';

const noMounts = await whyNoMounts();
let folder: TemporaryFolder;
let path: string;

beforeEach(async () => {
  folder = await TemporaryFolder.make();
  path = folder.file('datastore.sqlite3');
});
afterEach(() => folder[Symbol.asyncDispose]());

const open = (): Promise<SqlDataStore> => openSqliteDataStore({ path, clock: new ManualClock(), lockWaitMs: 0 });
const create = (store: SqlDataStore, name: string) => store.entries.createEntry(makeEntry({ path: `/${name}` }));

describe('a datastore whose disk fails', () => {
  test('F18: reads while the disk is full, says why it does not write, and writes again when there is room', async ({
    skip,
  }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(1024);
    path = join(disk.path, 'datastore.sqlite3');
    await using store = await open();
    const { entry } = await create(store, 'before');
    await store.checkWritable();
    disk.fill();
    const full = { code: 'unavailable', message: 'datastore-sql: database or disk is full' };
    await expect(create(store, 'meanwhile')).rejects.toMatchObject(full);
    await expect(store.checkWritable()).rejects.toMatchObject(full);
    expect(await store.entries.findEntry(entry.id)).toEqual(entry);
    expect(await store.entries.countEntries({})).toBe(1);
    disk.free();
    await store.checkWritable();
    await create(store, 'after');
    expect(await store.entries.countEntries({})).toBe(2);
  });

  test('F18: a batch that does not fit leaves nothing of itself, and is stored when there is room', async ({
    skip,
  }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(2048);
    path = join(disk.path, 'datastore.sqlite3');
    await using store = await open();
    const changes: DatastoreChange[] = [];
    store.changes.subscribe((change) => changes.push(change));
    const batch = Array.from({ length: 5000 }, (_, index) => makeEntry({ path: `/${index}` }));
    const full = { code: 'unavailable', message: 'datastore-sql: database or disk is full' };
    await expect(store.entries.createEntries(batch)).rejects.toMatchObject(full);
    expect(await store.entries.countEntries({})).toBe(0);
    expect(changes).toEqual([]);
    const some = await store.entries.createEntries(batch.slice(0, 100));
    expect(some.every(({ ok }) => ok)).toBe(true);
    expect(changes).toHaveLength(100);
  });

  test('F18: a write that succeeds is enough to be well again', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(1024);
    path = join(disk.path, 'datastore.sqlite3');
    await using store = await open();
    disk.fill();
    await expect(create(store, 'meanwhile')).rejects.toMatchObject({ code: 'unavailable' });
    // Nothing is deleted, so nothing is written: that says nothing of the disk.
    await store.joinTokens.pruneJoinTokens(1);
    await expect(store.checkWritable()).rejects.toMatchObject({ code: 'unavailable' });
    disk.free();
    await create(store, 'after');
    disk.fill();
    await store.checkWritable();
  });

  test('F18: opens on a full disk and reads', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(1024);
    path = join(disk.path, 'datastore.sqlite3');
    const { entry } = await using1(await open(), (store) => create(store, 'before'));
    disk.fill();
    await using store = await open();
    expect(await store.entries.findEntry(entry.id)).toEqual(entry);
  });

  test('F18: on a read-only disk is refused with what to look at', async ({ skip }) => {
    if (noMounts !== undefined) return skip(noMounts);
    await using disk = await SmallDisk.mount(1024);
    path = join(disk.path, 'datastore.sqlite3');
    await using1(await open(), (store) => create(store, 'before'));
    await disk.makeReadOnly();
    await expect(open()).rejects.toMatchObject({
      code: 'unavailable',
      message: `datastore "${path}" cannot be written: ${path}: read-only file system; check the disk it is on and its permissions`,
    });
  });
});

describe('a datastore whose files are taken away while it is in use', () => {
  test.each(['', '-wal'])(
    'keeps no change in a deleted file (datastore.sqlite3%s), and still reads',
    async (suffix) => {
      await using store = await open();
      const { entry } = await create(store, 'before');
      await rm(`${path}${suffix}`);
      const gone = {
        code: 'unavailable',
        message: `datastore file "${path}${suffix}" was deleted while in use: put it back, or stop the server and restore a backup`,
      };
      await expect(create(store, 'meanwhile')).rejects.toMatchObject(gone);
      await expect(store.checkWritable()).rejects.toMatchObject(gone);
      expect(await store.entries.findEntry(entry.id)).toEqual(entry);
    },
  );

  test('keeps no change when another file is in its place, and goes on when its own is back', async () => {
    await using store = await open();
    await create(store, 'before');
    await rename(path, folder.file('aside'));
    await copyFile(folder.file('aside'), path);
    await expect(create(store, 'meanwhile')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('was replaced while in use'),
    });
    await rename(folder.file('aside'), path);
    await store.checkWritable();
    await create(store, 'after');
    expect(await store.entries.countEntries({})).toBe(2);
  });

  test('keeps no change when the folder is gone', async () => {
    await using store = await open();
    await rename(folder.path, `${folder.path}-aside`);
    try {
      await expect(create(store, 'meanwhile')).rejects.toMatchObject({ code: 'unavailable' });
    } finally {
      await rename(`${folder.path}-aside`, folder.path);
    }
    await create(store, 'after');
  });

  test('keeps no change when the file goes between the write and its answer', async () => {
    await using store = await open();
    const node = makeNode({});
    await store.nodes.saveNode(node);
    const told: DatastoreChange[] = [];
    store.changes.subscribe((change) => told.push(change));
    const written = store.nodes.updateNode(node.spiffeId, () => {
      rmSync(path);
      return { agentVersion: '2' };
    });
    await expect(written).rejects.toMatchObject({ code: 'unavailable' });
    expect(told).toEqual([]);
  });
});

describe('F27: a datastore file', () => {
  test('that another process holds is refused up front, and taken when that one is gone', async () => {
    await using1(await open(), (store) => create(store, 'before'));
    const holder = await holdExclusively(path);
    await expect(open()).rejects.toMatchObject({
      code: 'failed-precondition',
      message: `datastore "${path}" is in use by another process`,
    });
    holder.kill('SIGKILL');
    await once(holder, 'close');
    await using store = await open();
    expect(await store.entries.countEntries({})).toBe(1);
  });

  test('after a kill -9: what is in the log goes into the database, and no log is left after it ends well', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', writer(path)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(0);
    await using1(await open(), async (store) => {
      expect((await stat(`${path}-wal`)).size).toBe(0);
      expect(await store.entries.countEntries({})).toBe(20);
    });
    expect(await readdir(folder.path)).toEqual(['datastore.sqlite3']);
  });

  test('that is damaged is refused with its name and what to do', async () => {
    await writeFile(path, 'this is not a database, however long it is '.repeat(100));
    await expect(open()).rejects.toMatchObject({
      code: 'data-loss',
      message: `datastore "${path}": datastore-sql: file is not a database; restore it from a backup`,
    });
  });

  test('that proves damaged while in use keeps saying so', async () => {
    await using1(await open(), async (store) => {
      await Promise.all(Array.from({ length: 2000 }, (_, index) => create(store, String(index))));
    });
    await using store = await open();
    // Behind the first page, which a start reads: the tables' own pages.
    const { size } = await stat(path);
    await using file = await openFile(path, 'r+');
    await file.write(Buffer.alloc(size - 64 * 1024, 0xff), 0, size - 64 * 1024, 64 * 1024);
    await expect(store.entries.listEntries({})).rejects.toMatchObject({ code: 'data-loss' });
    await expect(store.checkWritable()).rejects.toMatchObject({ code: 'data-loss' });
  });

  test('of a newer version is refused with both versions and what to do, and stays as it is', async () => {
    await using1(await open(), (store) => create(store, 'before'));
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(path);
    database.exec('pragma journal_mode = delete');
    database.prepare('insert into spirekit_migrations (name, timestamp) values (?, ?)').run('9999-future', 'now');
    database.exec('pragma journal_mode = wal');
    database.close();
    const before = await readFile(path);
    await expect(open()).rejects.toMatchObject({
      code: 'failed-precondition',
      message:
        `datastore "${path}": it was written by a newer version (its layout is "9999-future", the newest known here is ` +
        '"0001-initial"); it was not changed. Start that version again, or restore a backup from before the upgrade',
    });
    expect(Buffer.compare(await readFile(path), before)).toBe(0);
  });
});

async function using1<T>(store: SqlDataStore, work: (store: SqlDataStore) => Promise<T>): Promise<T> {
  await using owned = store;
  return await work(owned);
}

/** Another process that has the file to itself until it ends. */
async function holdExclusively(path: string): Promise<ChildProcess> {
  const source = `
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
    const database = new DatabaseSync(${JSON.stringify(path)});
    database.exec('begin exclusive');
    process.stdout.write('held');
    setInterval(() => database.isOpen, 1000);
  `;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return child;
}

/** A process that creates 20 entries, says so, and does not end by itself. */
function writer(path: string): string {
  const source = new URL('../../../../../src/lib/', import.meta.url);
  return `
    import { openSqliteDataStore } from '${new URL('server/datastore/sqlite/open-sqlite-data-store.ts', source)}';
    import { systemClock } from '${new URL('runtime/clock.ts', source)}';
    import { makeEntry } from '${new URL('../samples.ts', import.meta.url)}';
    const store = await openSqliteDataStore({ path: ${JSON.stringify(path)}, clock: systemClock });
    for (let index = 0; index < 20; index += 1) await store.entries.createEntry(makeEntry({ path: '/' + index }));
    process.stdout.write('done');
    setInterval(() => store, 1000);
  `;
}
