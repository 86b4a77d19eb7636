import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { silentLogger } from '../../../../../src/lib/runtime/logger.ts';
import { AuthorizedEntryCache } from '../../../../../src/lib/server/cache/authorized-entry-cache.ts';
import type { DatastoreChange } from '../../../../../src/lib/server/datastore/change-events.ts';
import { connectionSettings } from '../../../../../src/lib/server/datastore/postgres/connection-settings.ts';
import { openPostgresDataStore } from '../../../../../src/lib/server/datastore/postgres/open-postgres-data-store.ts';
import type { SqlDataStore } from '../../../../../src/lib/server/datastore/sql/sql-data-store.ts';
import { type AuthorityBundle, emptyAuthorityBundle } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import type { RegistrationEntry } from '../../../../../src/lib/spiffe/registration-entry.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { whyNoPostgres } from '../../../../support/postgres-kit.ts';
import { PostgresServer } from '../../../../support/postgres-server.ts';
import { idOf, makeEntry, makeNode } from '../samples.ts';
import { eventually } from './eventually.ts';
import { openTestStore } from './test-store.ts';

const reason = whyNoPostgres();
const because = reason === undefined ? '' : ` (${reason})`;
const AGENT = '/spire/agent/x/1';
const example = TrustDomain.parse('example.org');

function jwtBundle(...keyIds: string[]): AuthorityBundle {
  const jwtAuthorities = keyIds.map((keyId) => ({
    keyId,
    publicKey: new Uint8Array([1]),
    expiresAtSeconds: 0,
    tainted: false,
  }));
  return { ...emptyAuthorityBundle(example), jwtAuthorities };
}

describe.skipIf(reason !== undefined)(`two servers on one PostgreSQL${because}`, { timeout: 120_000 }, () => {
  let server: PostgresServer;
  let schema: string;
  beforeAll(async () => {
    server = await PostgresServer.open();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    schema = await server.createSchema();
  });

  const open = (clock: Clock = systemClock): Promise<SqlDataStore> => openTestStore(server, { schema, clock });

  async function openBoth(): Promise<{ stores: [SqlDataStore, SqlDataStore] } & AsyncDisposable> {
    const [a, b] = await Promise.all([open(), open()]);
    return {
      stores: [a, b],
      [Symbol.asyncDispose]: async () => {
        await a[Symbol.asyncDispose]();
        await b[Symbol.asyncDispose]();
      },
    };
  }

  /** Counts the connections that only listen, which tests cut. */
  const cutListeners = () =>
    server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and pid <> pg_backend_pid()",
    );

  test('start at once on an empty database, and both work', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => open()));
    for (const [index, store] of stores.entries()) await store.entries.createEntry(makeEntry({ path: `/${index}` }));
    for (const store of stores) expect(await store.entries.countEntries({})).toBe(4);
    for (const store of stores) await store[Symbol.asyncDispose]();
  });

  test('F13: a join token lets one of two hundred agents in, whichever server they come to', async () => {
    await using both = await openBoth();
    const [a] = both.stores;
    for (let round = 0; round < 5; round += 1) {
      const joinToken = `token-${round}`;
      await a.joinTokens.createJoinToken({ value: joinToken, expiresAtSeconds: 2_000_000_000 });
      const attempts = Array.from({ length: 200 }, (_, index) => {
        const store = both.stores[index % 2] ?? a;
        return store.nodes.saveNode(makeNode({ path: `${AGENT}-${round}-${index}` }), { joinToken });
      });
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
      expect(new Set(refusals)).toEqual(new Set(['failed-precondition']));
    }
    expect(await a.nodes.countNodes({})).toBe(5);
  });

  test('an entry is created once, and an id given once', async () => {
    await using both = await openBoth();
    const [a, b] = both.stores;
    const created = await Promise.all([a, b, a, b].map((store) => store.entries.createEntry(makeEntry({}))));
    expect(created.filter((each) => each.created)).toHaveLength(1);
    const named = await Promise.allSettled(
      [a, b].map((store, index) => store.entries.createEntry(makeEntry({ id: 'same', path: `/named/${index}` }))),
    );
    expect(named.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await a.entries.countEntries({})).toBe(2);
  });

  test('what both append to the bundle at the same time is all there, and each change counted', async () => {
    await using both = await openBoth();
    const [a, b] = both.stores;
    await a.bundles.createBundle(jwtBundle());
    const keyIds = Array.from({ length: 40 }, (_, index) => `key-${index}`);
    await Promise.all(keyIds.map((keyId, index) => (index % 2 === 0 ? a : b).bundles.appendBundle(jwtBundle(keyId))));
    const bundle = await b.bundles.findBundle(example);
    expect(bundle?.jwtAuthorities.map(({ keyId }) => keyId).sort()).toEqual(keyIds.sort());
    expect(bundle?.sequenceNumber).toBe(40n);
    const taints = await Promise.allSettled(
      [a, b, a, b].map((store) => store.bundles.taintKeyAuthority(example, 'jwt', 'key-1')),
    );
    expect(taints.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('an agent that one bans while the other renews it stays banned', async () => {
    await using both = await openBoth();
    const [a, b] = both.stores;
    for (let round = 0; round < 10; round += 1) {
      const path = `${AGENT}-${round}`;
      await a.nodes.saveNode(makeNode({ path }));
      await Promise.allSettled([
        a.nodes.updateNode(idOf(path), { serialNumber: '', newSerialNumber: '' }),
        b.nodes.updateNode(idOf(path), { newSerialNumber: '2', newExpiresAtSeconds: 5 }),
        b.nodes.saveNode(makeNode({ path, serialNumber: '3' })),
      ]);
      await b.nodes.updateNode(idOf(path), { serialNumber: '4' }).catch(() => undefined);
      expect((await a.nodes.findNode(idOf(path)))?.serialNumber).toBe('');
    }
  });

  test('each hears at once of what the other changes, with what it is now', async () => {
    await using both = await openBoth();
    const [a, b] = both.stores;
    const told: DatastoreChange[] = [];
    b.changes.subscribe((change) => told.push(change));
    const { entry } = await a.entries.createEntry(makeEntry({}));
    await eventually(() => expect(told).toEqual([{ kind: 'entry', entryId: entry.id, entry }]));
    await a.nodes.saveNode(makeNode({ path: AGENT }));
    await a.bundles.createBundle(jwtBundle());
    await a.entries.deleteEntry(entry.id);
    // What is read together comes in the order of its kind.
    const later = (): DatastoreChange[] => told.slice(1).toSorted((x, y) => (x.kind < y.kind ? -1 : 1));
    await eventually(() => expect(later().map(({ kind }) => kind)).toEqual(['bundle', 'entry', 'node']));
    expect(later()[1]).toEqual({ kind: 'entry', entryId: entry.id, entry: undefined });
    // What a server changed itself it hears once.
    await b.entries.createEntry(makeEntry({ path: '/own' }));
    await a.entries.createEntry(makeEntry({ path: '/other' }));
    await eventually(() => expect(told).toHaveLength(6));
  });

  test('one that hears nothing looks by itself', async () => {
    await using a = await open();
    const clock = new ManualClock();
    await using b = await open(clock);
    await cutListeners();
    const told: DatastoreChange[] = [];
    b.changes.subscribe((change) => told.push(change));
    await a.entries.createEntry(makeEntry({}));
    await eventually(() => {
      clock.advance(2_000);
      expect(told).toHaveLength(1);
    });
  });

  test('one that was cut off listens again', async () => {
    await using a = await open();
    const clock = new ManualClock();
    await using b = await open(clock);
    const told: DatastoreChange[] = [];
    b.changes.subscribe((change) => told.push(change));
    await cutListeners();
    await eventually(() => expect(clock.isAwaited(500)).toBe(true));
    clock.advance(500);
    const listening =
      "select count(*)::int as n from pg_stat_activity where query like 'listen%' and pid <> pg_backend_pid()";
    await eventually(async () => expect((await server.query(listening)).rows[0]?.['n']).toBe(1));
    await a.entries.createEntry(makeEntry({}));
    await eventually(() => expect(told).toHaveLength(1));
  });

  test.each([
    [
      'was away for longer than changes are kept',
      'delete from shared_changes where id < (select max(id) from shared_changes)',
    ],
    [
      'sees a database that was set back',
      "update shared_changes set mark = 'other' where id = (select max(id) - 1 from shared_changes)",
    ],
  ])('one that %s reads everything anew', async (_what, statement) => {
    await using a = await open();
    const clock = new ManualClock();
    await using b = await open(clock);
    await cutListeners();
    const cache = await AuthorizedEntryCache.open({ ...b, clock });
    const told: string[] = [];
    b.changes.subscribe(({ kind }) => told.push(kind));
    await a.entries.createEntry(makeEntry({ path: '/a', parent: AGENT }));
    await server.query(statement.replaceAll('shared_changes', `${schema}.shared_changes`));
    await eventually(() => {
      clock.advance(2_000);
      expect(told).toEqual(['all']);
    });
    const paths = (): string[] => cache.listAuthorizedEntries(idOf(AGENT)).map(({ spiffeId }) => spiffeId.path);
    await eventually(() => expect(paths()).toEqual(['/a']));
    // And it goes on to hear of single changes.
    await a.entries.createEntry(makeEntry({ path: '/b', parent: AGENT }));
    await eventually(() => {
      clock.advance(2_000);
      expect(paths()).toEqual(['/a', '/b']);
    });
    cache[Symbol.dispose]();
  });

  test('a server that is frozen in a transaction keeps the others waiting for seconds, not for ever', async () => {
    await using both = await openBoth();
    const [a] = both.stores;
    await using frozen = await server.connect();
    await frozen.query(`set search_path = ${schema}; set idle_in_transaction_session_timeout = 4000`);
    await frozen.query('begin');
    await frozen.query('select pg_advisory_xact_lock(1397768521, hashtext(current_schema()))');
    const waiting = a.entries.createEntry(makeEntry({}));
    expect((await waiting).created).toBe(true);
  });

  test('of many writes at once none waits for what another one of them waited for in vain', async () => {
    await using a = await open();
    await server.query(`set search_path = ${schema};
      create sequence tries;
      create function slow() returns trigger language plpgsql as $$
        begin perform nextval('${schema}.tries'); perform pg_sleep(60); return new; end $$;
      create trigger slow before insert on join_tokens for each row execute function slow()`);
    const text = server.connectionString('postgres', `search_path=${schema} statement_timeout=300`);
    await using b = await openPostgresDataStore({
      settings: connectionSettings(text, {}, 'nobody'),
      limits: { mostOpen: 5, mostIdle: 5, longestLifeMs: undefined },
      clock: systemClock,
      log: silentLogger,
    });
    const tokens = Array.from({ length: 50 }, (_, index) => ({ value: `${index}`, expiresAtSeconds: 2_000_000_000 }));
    const outcomes = await Promise.allSettled(tokens.map((token) => b.joinTokens.createJoinToken(token)));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    }
    const { rows } = await server.query(`select last_value from ${schema}.tries`);
    expect(Number(rows[0]?.['last_value'])).toBeLessThan(5);
    expect((await a.entries.createEntry(makeEntry({}))).created).toBe(true);
  });

  test('F29: whatever both do at the same time, their caches end up as the tables are', async () => {
    const paths = ['/a', '/b', '/c'];
    const action = fc.record({
      server: fc.constantFrom(0, 1),
      path: fc.constantFrom(...paths),
      kind: fc.constantFrom('create', 'update', 'delete', 'node', 'forget'),
      hint: fc.stringMatching(/^[a-z]{1,3}$/),
    });
    await using both = await openBoth();
    const caches = await Promise.all(
      both.stores.map((store) => AuthorizedEntryCache.open({ ...store, clock: new ManualClock() })),
    );
    const listed = (cache: AuthorizedEntryCache): unknown =>
      [...cache.listAuthorizedEntries(idOf(AGENT))]
        .sort(byId)
        .map(({ id, hint, revisionNumber }) => [id, hint, revisionNumber]);
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), async (actions) => {
        const work = actions.map(async ({ server: index, path, kind, hint }) => {
          const { entries, nodes } = both.stores[index] ?? both.stores[0];
          switch (kind) {
            case 'create':
              return await entries.createEntry(makeEntry({ id: path.slice(1), path, parent: AGENT }));
            case 'update':
              return await entries.updateEntry(
                makeEntry({ id: path.slice(1), path, parent: AGENT, hint }),
                new Set(['hint']),
              );
            case 'delete':
              return await entries.deleteEntry(path.slice(1));
            case 'node':
              return await nodes.saveNode(makeNode({ path: `/spire/agent/x${path}` }));
            case 'forget':
              return await nodes.deleteNode(idOf(`/spire/agent/x${path}`));
          }
        });
        await Promise.allSettled(work);
        const stored = (await both.stores[0].entries.listEntries({})).items;
        const expected = [...stored].sort(byId).map(({ id, hint, revisionNumber }) => [id, hint, revisionNumber]);
        for (const cache of caches) await eventually(() => expect(listed(cache)).toEqual(expected));
      }),
      { numRuns: 25 },
    );
    for (const cache of caches) cache[Symbol.dispose]();
  });
});

function byId(a: RegistrationEntry, b: RegistrationEntry): number {
  return a.id < b.id ? -1 : 1;
}
