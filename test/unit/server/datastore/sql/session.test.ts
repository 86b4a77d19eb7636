import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DatastoreChange } from '../../../../../src/lib/server/datastore/change-events.ts';
import type { Schema } from '../../../../../src/lib/server/datastore/sql/schema.ts';
import { SqlSession } from '../../../../../src/lib/server/datastore/sql/session.ts';
import { NodeSqliteDialect } from '../../../../../src/lib/server/datastore/sqlite/node-sqlite-dialect.ts';
import { sqliteKind } from '../../../../../src/lib/server/datastore/sqlite/sqlite-kind.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';

const CHANGE: DatastoreChange = { kind: 'bundle', trustDomain: TrustDomain.parse('example.org') };

describe('SqlSession', () => {
  let db: Kysely<Schema>;
  let session: SqlSession;
  let told: DatastoreChange[];

  beforeEach(async () => {
    db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(new DatabaseSync(':memory:')) });
    await sql`create table t (n)`.execute(db);
    session = new SqlSession({ db, kind: sqliteKind });
    told = [];
    session.subscribe((change) => told.push(change));
  });
  afterEach(() => db.destroy());

  const insert = (n: number): Promise<unknown> =>
    session.write(async (tx, note) => {
      await sql`insert into t values (${n})`.execute(tx);
      note(CHANGE);
    });
  const rows = async (): Promise<unknown[]> =>
    session.read(async (read) =>
      (await sql<{ n: number }>`select n from t order by n`.execute(read)).rows.map(({ n }) => n),
    );

  test('when the database undoes a whole group, all of it fails and what follows goes on', async () => {
    const undo = session.write(async (tx) => {
      await sql`rollback`.execute(tx);
      throw new Error('disk full');
    });
    const results = await Promise.allSettled([insert(1), undo, insert(2)]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(told).toEqual([]);
    await insert(3);
    expect(await rows()).toEqual([3]);
    expect(told).toEqual([CHANGE]);
  });

  test('a write that throws after it wrote leaves nothing of itself', async () => {
    const half = session.write(async (tx, note) => {
      await sql`insert into t values (9)`.execute(tx);
      note(CHANGE);
      throw new Error('second thoughts');
    });
    const results = await Promise.allSettled([insert(1), half, insert(2)]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await rows()).toEqual([1, 2]);
    expect(told).toHaveLength(2);
  });

  test('a read that fails says so in our codes', async () => {
    const broken = session.read((read) => sql`select nonsense`.execute(read));
    await expect(broken).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('datastore-sql: '),
    });
  });

  test('lets other work in between groups of many writes', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (isBusy) setImmediate(count);
    };
    let isBusy = true;
    setImmediate(count);
    await Promise.all(Array.from({ length: 1000 }, (_, n) => insert(n)));
    isBusy = false;
    expect(turns).toBeGreaterThan(3);
  });
});
