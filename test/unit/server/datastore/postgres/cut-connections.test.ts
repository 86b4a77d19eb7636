import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { silentLogger } from '../../../../../src/lib/runtime/logger.ts';
import type { DatastoreChange } from '../../../../../src/lib/server/datastore/change-events.ts';
import { connectionSettings } from '../../../../../src/lib/server/datastore/postgres/connection-settings.ts';
import { openPostgresDataStore } from '../../../../../src/lib/server/datastore/postgres/open-postgres-data-store.ts';
import { whyNoPostgres } from '../../../../support/postgres-kit.ts';
import { PostgresServer } from '../../../../support/postgres-server.ts';
import { makeEntry, makeNode } from '../samples.ts';
import { eventually } from './eventually.ts';
import { openTestStore } from './test-store.ts';

const reason = whyNoPostgres();
const because = reason === undefined ? '' : ` (${reason})`;

/** Stands between a server and its database, and cuts a connection at the moment that a statement goes by. */
class Cutter implements AsyncDisposable {
  /** A connection is cut when the server sends this, before or after the database has seen it. */
  at: { readonly statement: string; readonly when: 'before' | 'after' } | undefined;
  cuts = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<Cutter> {
    const server = createServer();
    const cutter = new Cutter(server);
    server.on('connection', (near) => cutter.#join(near, connect(port, '127.0.0.1')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return cutter;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket, far: Socket): void {
    let isCut = false;
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
    near.on('close', () => far.end());
    far.on('close', () => near.destroy());
    near.on('data', (data) => {
      const { at } = this;
      isCut = at !== undefined && data.includes(at.statement);
      if (!isCut) {
        far.write(data);
        return;
      }
      this.at = undefined;
      this.cuts += 1;
      if (at?.when === 'after') far.write(data);
      else near.destroy();
    });
    far.on('data', (data) => {
      // The database has done it; its answer gets lost.
      if (isCut) near.destroy();
      else near.write(data);
    });
  }
}

describe.skipIf(reason !== undefined)(`a connection to PostgreSQL that is cut${because}`, { timeout: 120_000 }, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.open();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function openThrough(cutter: Cutter, schema: string) {
    const text = `host=127.0.0.1 port=${cutter.port} user=postgres dbname=postgres sslmode=disable search_path=${schema}`;
    const settings = connectionSettings(text, {}, 'nobody');
    const limits = { mostOpen: 5, mostIdle: 5, longestLifeMs: undefined };
    return await openPostgresDataStore({ settings, limits, clock: systemClock, log: silentLogger });
  }

  test('before a commit costs nothing: the write is done again, once', async () => {
    await using cutter = await Cutter.open(server.port);
    const schema = await server.createSchema();
    await using store = await openThrough(cutter, schema);
    for (const statement of ['start transaction', 'savepoint', 'insert into "registered_entries"', 'pg_notify']) {
      cutter.at = { statement, when: 'before' };
      expect(
        (await store.entries.createEntry(makeEntry({ path: `/${encodeURIComponent(statement).replaceAll('%', '')}` })))
          .created,
      ).toBe(true);
    }
    expect(cutter.cuts).toBe(4);
    expect(await store.entries.countEntries({})).toBe(4);
  });

  test('in a read costs nothing: it is read again', async () => {
    await using cutter = await Cutter.open(server.port);
    await using store = await openThrough(cutter, await server.createSchema());
    cutter.at = { statement: 'select count', when: 'before' };
    expect(await store.entries.countEntries({})).toBe(0);
    expect(cutter.cuts).toBe(1);
  });

  test.each(['before', 'after'] as const)(
    'in a commit, %s the database has seen it: the caller is told that nobody knows, and what is told agrees with what is stored',
    async (when) => {
      await using cutter = await Cutter.open(server.port);
      const schema = await server.createSchema();
      await using store = await openThrough(cutter, schema);
      await using other = await openTestStore(server, { schema, clock: systemClock });
      const told: DatastoreChange[] = [];
      store.changes.subscribe((change) => told.push(change));
      cutter.at = { statement: 'commit\0', when };
      await expect(store.entries.createEntry(makeEntry({ path: '/doubtful' }))).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('the change was made or not: look before it is tried again'),
      });
      const isThere = when === 'after' ? 1 : 0;
      expect(await other.entries.countEntries({})).toBe(isThere);
      // Tried again, it is there once.
      const again = await store.entries.createEntry(makeEntry({ path: '/doubtful' }));
      expect(again.created).toBe(when === 'before');
      await other.entries.createEntry(makeEntry({ path: '/next' }));
      await eventually(() =>
        expect(told.map((change) => (change.kind === 'entry' ? change.entry?.spiffeId.path : ''))).toEqual([
          '/doubtful',
          '/next',
        ]),
      );
    },
  );

  test('F13: a join token whose use nobody confirmed lets no second agent in', async () => {
    await using cutter = await Cutter.open(server.port);
    const schema = await server.createSchema();
    await using store = await openThrough(cutter, schema);
    await using other = await openTestStore(server, { schema, clock: systemClock });
    await store.joinTokens.createJoinToken({ value: 'token', expiresAtSeconds: 2_000_000_000 });
    cutter.at = { statement: 'commit\0', when: 'after' };
    const joinToken = 'token';
    await expect(store.nodes.saveNode(makeNode({ path: '/spire/agent/x/1' }), { joinToken })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(other.nodes.saveNode(makeNode({ path: '/spire/agent/x/2' }), { joinToken })).rejects.toMatchObject({
      code: 'failed-precondition',
    });
  });
});
