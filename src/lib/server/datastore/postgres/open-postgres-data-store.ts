import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { Logger } from '../../../runtime/logger.ts';
import { ResourceStack } from '../../../runtime/resource-stack.ts';
import type { Schema } from '../sql/schema.ts';
import { SqlDataStore } from '../sql/sql-data-store.ts';
import { ChangeFeed } from './change-feed.ts';
import { connectPostgres } from './connect.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import type { PoolLimits } from './pool-limits.ts';
import { fromPostgresError } from './postgres-errors.ts';
import { postgresKind } from './postgres-kind.ts';
import { prepareSchema } from './prepare-schema.ts';
import { Replica } from './replica.ts';
import { ServerPresence } from './server-presence.ts';

export interface PostgresDataStoreOptions {
  readonly settings: ConnectionSettings;
  /** A server that follows the first one and is only read from. */
  readonly replica?: ConnectionSettings | undefined;
  readonly limits: PoolLimits;
  /** The tables are not made or changed; default false. */
  readonly disableMigration?: boolean | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the waiting for another server. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a datastore in a PostgreSQL database, which any number of servers may use at the same time.
 *
 * Errors: `failed-precondition` when the tables belong to another program or to a newer version, or were not to be changed;
 * `unavailable`, `invalid-config`.
 */
export async function openPostgresDataStore(options: PostgresDataStoreOptions): Promise<SqlDataStore> {
  const { clock, log } = options;
  await using opening = new ResourceStack();
  try {
    const connect = () => connectPostgres(options.settings);
    const db = opening.use(openDatabase(options.settings, options));
    logConnected(log, await serverVersion(db), false);
    const presence = opening.use(await ServerPresence.open({ connect, clock, log }));
    await prepareSchema(db, { disableMigration: options.disableMigration === true, clock, signal: options.signal });
    const feed = opening.use(await ChangeFeed.open({ db, clock, log }));
    let replica: Replica | undefined;
    if (options.replica !== undefined) {
      const replicaDb = opening.use(openDatabase(options.replica, options));
      logConnected(log, await serverVersion(replicaDb), true);
      replica = new Replica({ db: replicaDb, positionId: () => feed.positionId, log });
    }
    const store = SqlDataStore.over({
      db,
      kind: postgresKind,
      clock,
      shared: feed,
      replica,
      resources: opening.move(),
    });
    feed.start((change) => store.tell(change));
    presence.onMessage((payload) => feed.hear(payload));
    return store;
  } catch (error) {
    throw within(options.settings, fromPostgresError(error));
  }
}

/** A database that is closed with the object. */
export function openDatabase(
  settings: ConnectionSettings,
  { limits, clock }: Pick<PostgresDataStoreOptions, 'limits' | 'clock'>,
): Kysely<Schema> & AsyncDisposable {
  const pool = new ConnectionPool({ open: () => connectPostgres(settings), clock, ...limits });
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
}

async function serverVersion(db: Kysely<Schema>): Promise<string> {
  const { rows } = await sql<{ version: string; schema: string | null }>`
    select current_setting('server_version') as version, current_schema() as schema`.execute(db);
  if (rows[0]?.schema === null) {
    throw new SpirekitError('failed-precondition', 'no schema of the search_path exists in it');
  }
  return rows[0]?.version ?? '';
}

function logConnected(log: Logger, version: string, readOnly: boolean): void {
  log.info('Connected to SQL database', { read_only: readOnly, type: 'postgres', version });
}

/** Which datastore cannot be used. */
export function within(settings: ConnectionSettings, { code, message, cause }: SpirekitError): SpirekitError {
  return new SpirekitError(code, `datastore ${nameOf(settings)}: ${message}`, { cause });
}

/** What a database is called in a sentence. The password is not in it. */
export function nameOf({ hosts, database }: ConnectionSettings): string {
  const where = hosts.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
  return `${JSON.stringify(database)} on ${where.join(', ')}`;
}
