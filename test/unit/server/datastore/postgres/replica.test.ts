import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import type { SqlDataStore } from '../../../../../src/lib/server/datastore/sql/sql-data-store.ts';
import { whyNoPostgres } from '../../../../support/postgres-kit.ts';
import { PostgresServer } from '../../../../support/postgres-server.ts';
import { makeEntry } from '../samples.ts';
import { eventually } from './eventually.ts';
import { openTestStore } from './test-store.ts';

const reason = whyNoPostgres();
const because = reason === undefined ? '' : ` (${reason})`;

describe.skipIf(reason !== undefined)(`a read-only database beside the first one${because}`, () => {
  test('is read where nothing newer is known, and only there', { timeout: 120_000 }, async () => {
    await using primary = await PostgresServer.open();
    const schema = await primary.createSchema();
    await using replica = await PostgresServer.openStandby(primary);
    await eventually(async () => {
      const { rows } = await replica.query(`select 1 from pg_namespace where nspname = '${schema}'`);
      expect(rows).toHaveLength(1);
    });
    await using store = await openTestStore(primary, { schema, clock: systemClock, replica });
    await store.entries.createEntry(makeEntry({ path: '/a' }));

    const reads = async (server: PostgresServer): Promise<number> => {
      const { rows } = await server.query(`select coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int as n
        from pg_stat_user_tables where relname = 'registered_entries' and schemaname = '${schema}'`);
      return Number(rows[0]?.['n']);
    };
    // Statistics are told when a connection has been idle for a moment, so it is tried again and again.
    await eventually(async () => {
      expect(await stalePaths(store)).toEqual(['/a']);
      expect(await reads(replica)).toBeGreaterThan(0);
    });

    await replica.query('select pg_wal_replay_pause()');
    await store.entries.createEntry(makeEntry({ path: '/b' }));
    expect(await stalePaths(store)).toEqual(['/a', '/b']);
    await replica.query('select pg_wal_replay_resume()');
    await replica.stop('immediate');
    await store.entries.createEntry(makeEntry({ path: '/c' }));
    expect(await stalePaths(store)).toEqual(['/a', '/b', '/c']);
  });
});

async function stalePaths(store: SqlDataStore): Promise<string[]> {
  return (await store.stale.entries.listEntries({})).items.map(({ spiffeId }) => spiffeId.path);
}
