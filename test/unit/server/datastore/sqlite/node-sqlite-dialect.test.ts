import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeSqliteDialect } from '../../../../../src/lib/server/datastore/sqlite/node-sqlite-dialect.ts';

interface Things {
  readonly things: { readonly id: number; readonly value: string | number | Uint8Array | null };
}

describe('NodeSqliteDialect', () => {
  let db: Kysely<Things>;

  beforeEach(async () => {
    db = new Kysely<Things>({ dialect: new NodeSqliteDialect(new DatabaseSync(':memory:')) });
    await db.schema.createTable('things').addColumn('id', 'integer').addColumn('value', 'blob').execute();
  });
  afterEach(() => db.destroy());

  test('values come back as they went in', async () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.double({ noNaN: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
      fc.uint8Array(),
      fc.constant(null),
    );
    await fc.assert(
      fc.asyncProperty(value, async (value) => {
        const [row] = await db.insertInto('things').values({ id: 1, value }).returning('value').execute();
        expect(row?.value).toEqual(value);
      }),
    );
  });

  test('tells how many rows a statement changed', async () => {
    const rows = [1, 2, 3].map((id) => ({ id, value: null }));
    const inserted = await db.insertInto('things').values(rows).executeTakeFirstOrThrow();
    expect(inserted.numInsertedOrUpdatedRows).toBe(3n);
    const updated = await db.updateTable('things').set({ value: 1 }).where('id', '>', 1).executeTakeFirstOrThrow();
    expect(updated.numUpdatedRows).toBe(2n);
    const deleted = await db.deleteFrom('things').where('id', '=', 9).executeTakeFirstOrThrow();
    expect(deleted.numDeletedRows).toBe(0n);
  });

  test('a transaction that throws leaves nothing behind, and others wait for it', async () => {
    const failed = db.transaction().execute(async (tx) => {
      await tx.insertInto('things').values({ id: 1, value: 'a' }).execute();
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('stop');
    });
    const counted = db.selectFrom('things').selectAll().execute();
    await expect(failed).rejects.toThrow('stop');
    expect(await counted).toEqual([]);
  });

  test('a transaction that SQLite has ended by itself still reports its own error', async () => {
    const failed = db.transaction().execute(async (tx) => {
      await sql`rollback`.execute(tx);
      throw new Error('disk full');
    });
    await expect(failed).rejects.toThrow('disk full');
    expect(await db.selectFrom('things').selectAll().execute()).toEqual([]);
  });

  test('goes on after more different statements than it keeps', async () => {
    for (let index = 0; index < 600; index += 1) {
      const { rows } = await sql`select ${sql.lit(index)} as n`.execute(db);
      expect(rows).toEqual([{ n: index }]);
    }
  });

  test('does not stream and does not take what a database cannot hold', async () => {
    const stream = db.selectFrom('things').selectAll().stream();
    await expect(stream.next()).rejects.toMatchObject({ code: 'unimplemented' });
    await expect(sql`select ${{ odd: true }}`.execute(db)).rejects.toMatchObject({ code: 'internal' });
  });
});
