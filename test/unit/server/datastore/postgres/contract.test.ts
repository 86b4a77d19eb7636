import { afterAll, beforeAll, describe } from 'vitest';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { whyNoPostgres } from '../../../../support/postgres-kit.ts';
import { PostgresServer } from '../../../../support/postgres-server.ts';
import { describeDataStore } from '../contract.ts';
import { openTestStore } from './test-store.ts';

const TABLES = [
  ...['entry_selectors', 'entry_federations', 'registered_entries', 'bundles', 'node_selectors', 'attested_nodes'],
  ...['join_tokens', 'federated_trust_domains', 'ca_journals'],
];

const reason = whyNoPostgres();
const because = reason === undefined ? '' : ` (${reason})`;

describe.skipIf(reason !== undefined)(`on a real PostgreSQL${because}`, { timeout: 180_000 }, () => {
  let server: PostgresServer;
  /** Schemas with empty tables: to make them anew for each test would take much longer. */
  const free: string[] = [];
  beforeAll(async () => {
    server = await PostgresServer.open();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  describeDataStore('the PostgreSQL datastore', async () => {
    const clock = new ManualClock();
    const schema = free.pop() ?? (await server.createSchema());
    const store = await openTestStore(server, { schema, clock });
    const dispose = store[Symbol.asyncDispose].bind(store);
    store[Symbol.asyncDispose] = async () => {
      await dispose();
      await server.query(`truncate ${TABLES.map((table) => `${schema}.${table}`).join(', ')} restart identity`);
      free.push(schema);
    };
    return { store, clock };
  });
});
