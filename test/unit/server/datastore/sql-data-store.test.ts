import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { expect, test } from 'vitest';
import { migrateToLatest } from '../../../../src/lib/server/datastore/sql/migrations.ts';
import type { Schema } from '../../../../src/lib/server/datastore/sql/schema.ts';
import { SqlDataStore } from '../../../../src/lib/server/datastore/sql/sql-data-store.ts';
import { NodeSqliteDialect } from '../../../../src/lib/server/datastore/sqlite/node-sqlite-dialect.ts';
import { sqliteKind } from '../../../../src/lib/server/datastore/sqlite/sqlite-kind.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { makeEntry } from './samples.ts';

async function openOver(database: DatabaseSync): Promise<SqlDataStore> {
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) });
  return SqlDataStore.open({ db, kind: sqliteKind, clock: new ManualClock() });
}

test('on a full disk reads go on, writes are unavailable, and no half of one stays', async () => {
  const database = new DatabaseSync(':memory:');
  await using store = await openOver(database);
  const pages = Number(database.prepare('pragma page_count').get()?.['page_count']);
  database.exec(`pragma max_page_count = ${pages + 10}`);
  const told: string[] = [];
  store.changes.subscribe((change) => told.push(change.kind));
  const writes = Array.from({ length: 500 }, (_, index) =>
    store.entries.createEntry(makeEntry({ path: `/${index}`, hint: 'x'.repeat(500) })),
  );
  const results = await Promise.allSettled(writes);
  const stored = results.filter((result) => result.status === 'fulfilled').length;
  const failures = results.filter((result) => result.status === 'rejected').map((result) => result.reason.code);
  expect(new Set(failures)).toEqual(new Set(['unavailable']));
  expect(failures.length).toBeGreaterThan(0);
  expect(await store.entries.countEntries({})).toBe(stored);
  expect(told).toHaveLength(stored);
  database.exec('pragma max_page_count = 100000');
  expect((await store.entries.createEntry(makeEntry({ path: '/after' }))).created).toBe(true);
});

test('a first start that ends half way through its tables leaves none of them, and the next one makes them all', async () => {
  const database = new DatabaseSync(':memory:');
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) });
  await db.schema.createTable('ca_journals').addColumn('id', 'integer').execute();
  await expect(migrateToLatest(db, sqliteKind)).rejects.toThrow('already exists');
  const tables = (await db.introspection.getTables()).map(({ name }) => name);
  expect(tables.filter((name) => !name.startsWith('spirekit_migration'))).toEqual(['ca_journals']);
  await db.schema.dropTable('ca_journals').execute();
  await migrateToLatest(db, sqliteKind);
  await db.destroy();
});

test('closes a database that it cannot bring up to date', async () => {
  const database = new DatabaseSync(':memory:');
  database.exec('create table registered_entries (odd)');
  await expect(openOver(database)).rejects.toMatchObject({ code: 'internal' });
  expect(database.isOpen).toBe(false);
});
