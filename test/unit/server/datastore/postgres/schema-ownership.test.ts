import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { whyNoPostgres } from '../../../../support/postgres-kit.ts';
import { PostgresServer } from '../../../../support/postgres-server.ts';
import { openTestStore } from './test-store.ts';

const reason = whyNoPostgres();
const because = reason === undefined ? '' : ` (${reason})`;

describe.skipIf(reason !== undefined)(`a schema of PostgreSQL${because}`, { timeout: 120_000 }, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.open();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const open = (schema: string, disableMigration = false) =>
    openTestStore(server, { schema, clock: systemClock, disableMigration });

  /** Every table and its columns, to see that nothing was touched. */
  async function layout(schema: string): Promise<unknown> {
    const { rows } = await server.query(
      `select table_name, column_name, data_type from information_schema.columns where table_schema = '${schema}' order by 1, 2`,
    );
    return rows;
  }

  test.each([
    [
      'that a SPIRE server uses',
      'create table {}.migrations (id serial, version int); create table {}.registered_entries (id serial, entry_id text); create table {}.bundles (id serial)',
      'it belongs to a SPIRE server and was left untouched: choose another database or schema, and bring its contents over with "spirekit server import"',
    ],
    [
      'with tables of our names that are of another program',
      'create table {}.bundles (id serial)',
      'it is a database of another program and was left untouched: choose another database or schema',
    ],
  ])('%s is refused and left as it is', async (_what, statements, message) => {
    const schema = await server.createSchema();
    await server.query(statements.replaceAll('{}', schema));
    const before = await layout(schema);
    await expect(open(schema)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining(message),
    });
    expect(await layout(schema)).toEqual(before);
  });

  test('with other tables is used beside them', async () => {
    const schema = await server.createSchema();
    await server.query(`create table ${schema}.spatial_ref_sys (id serial)`);
    await using store = await open(schema);
    expect(await store.entries.countEntries({})).toBe(0);
  });

  test('of a newer version is refused', async () => {
    const schema = await server.createSchema();
    await (await open(schema))[Symbol.asyncDispose]();
    await server.query(`insert into ${schema}.spirekit_migrations (name, timestamp) values ('9999-later', '')`);
    await expect(open(schema)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('it was written by a newer version (its layout is "9999-later"'),
    });
  });

  test('is not made with disable_migration, and used when it is up to date', async () => {
    const schema = await server.createSchema();
    await expect(open(schema, true)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('disable_migration keeps them from being changed'),
    });
    expect(await layout(schema)).toEqual([]);
    await (await open(schema))[Symbol.asyncDispose]();
    await using store = await open(schema, true);
    expect(await store.entries.countEntries({})).toBe(0);
  });

  test('that does not exist is named', async () => {
    await expect(open('no_such_schema')).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining('no schema of the search_path exists'),
    });
  });
});
