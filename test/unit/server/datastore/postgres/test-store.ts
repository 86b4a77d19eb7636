import type { Clock } from '../../../../../src/lib/runtime/clock.ts';
import { silentLogger } from '../../../../../src/lib/runtime/logger.ts';
import { connectionSettings } from '../../../../../src/lib/server/datastore/postgres/connection-settings.ts';
import { openPostgresDataStore } from '../../../../../src/lib/server/datastore/postgres/open-postgres-data-store.ts';
import type { PoolLimits } from '../../../../../src/lib/server/datastore/postgres/pool-limits.ts';
import type { SqlDataStore } from '../../../../../src/lib/server/datastore/sql/sql-data-store.ts';
import type { PostgresServer } from '../../../../support/postgres-server.ts';

/** Opens a datastore as a server does, in a schema of its own. */
export function openTestStore(
  server: PostgresServer,
  options: {
    readonly schema: string;
    readonly clock: Clock;
    readonly limits?: PoolLimits;
    readonly disableMigration?: boolean;
    readonly replica?: PostgresServer;
  },
): Promise<SqlDataStore> {
  const {
    schema,
    clock,
    limits = { mostOpen: 10, mostIdle: 10, longestLifeMs: undefined },
    disableMigration,
  } = options;
  const settingsOf = (which: PostgresServer) =>
    connectionSettings(which.connectionString('postgres', `search_path=${schema}`), {}, 'nobody');
  const replica = options.replica && settingsOf(options.replica);
  return openPostgresDataStore({
    settings: settingsOf(server),
    replica,
    limits,
    clock,
    log: silentLogger,
    disableMigration,
  });
}
