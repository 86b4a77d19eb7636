import { homedir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { ConnectionSettings, PostgresHost, SslMode } from './connection-settings.ts';
import { findPassword } from './password-file.ts';
import { ConnectionLost, isConnectionLost } from './postgres-errors.ts';
import { tlsOptions } from './tls-options.ts';
import { postgresTypes } from './types.ts';

/**
 * How long one statement may take at the server, may wait for a lock there, and how long a transaction may lie idle: one
 * whose server was frozen or cut off must not keep the others waiting for longer than they do. In milliseconds; a
 * connection string may name others.
 */
const SESSION_LIMITS = {
  statement_timeout: 15_000,
  lock_timeout: 6_000,
  idle_in_transaction_session_timeout: 4_000,
} as const;

const KEEP_ALIVE_MS = 10_000;

/**
 * Opens a connection to the first host that takes one and is what `target_session_attrs` asks for. Rejects with the last
 * failure.
 */
export async function connectPostgres(settings: ConnectionSettings): Promise<Client> {
  const hosts = settings.shufflesHosts ? shuffled(settings.hosts) : settings.hosts;
  const passes =
    settings.sessionAttributes === 'prefer-standby' ? (['standby', 'any'] as const) : [settings.sessionAttributes];
  let failure: unknown;
  for (const attributes of passes) {
    for (const host of hosts) {
      for (const mode of modesFor(settings.tls.mode, host)) {
        try {
          return await connectTo(settings, host, mode, attributes);
        } catch (error) {
          failure = error;
          // The server answered: another way to the same host would fare no better.
          if (!isConnectionLost(error)) break;
        }
      }
    }
  }
  throw failure;
}

/** `disable` stands for a connection without TLS. */
function modesFor(mode: SslMode, { host }: PostgresHost): readonly SslMode[] {
  if (host.startsWith('/') || host.startsWith('@')) return ['disable'];
  switch (mode) {
    case 'allow':
      return ['disable', 'require'];
    case 'prefer':
      return ['require', 'disable'];
    case 'disable':
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return [mode];
  }
}

async function connectTo(
  settings: ConnectionSettings,
  host: PostgresHost,
  mode: SslMode,
  attributes: ConnectionSettings['sessionAttributes'],
): Promise<Client> {
  const { user, database, applicationName, options, connectTimeoutMs } = settings;
  const password = await findItsPassword(settings, host);
  const client = new Client({
    host: host.address ?? host.host,
    port: host.port,
    user,
    database,
    // A function, or the driver would look for passwords in places of its own.
    password: () => password ?? '',
    ssl: mode === 'disable' ? false : await tlsOptions(settings.tls, mode, host.host),
    application_name: applicationName,
    ...(options !== '' && { options }),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: postgresTypes,
  });
  // Whoever has the connection hears of it by the statement that fails; an idle one is dropped by its owner.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(limits(options));
    await checkAttributes(client, attributes);
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

/** Not among the parameters of the start, of which poolers in between refuse most. */
function limits(options: string): string {
  const limits = Object.entries(SESSION_LIMITS).filter(([name]) => !options.includes(name));
  return limits.map(([name, value]) => `set ${name} = ${value}`).join('; ');
}

async function findItsPassword(
  settings: ConnectionSettings,
  { host, port }: PostgresHost,
): Promise<string | undefined> {
  if (settings.password !== undefined) return settings.password;
  const { user, database, passwordFile = join(homedir(), '.pgpass') } = settings;
  return await findPassword(passwordFile, { host, port, user, database });
}

async function checkAttributes(client: Client, wanted: ConnectionSettings['sessionAttributes']): Promise<void> {
  if (wanted === 'any' || wanted === 'prefer-standby') return;
  const { rows } = await client.query<{ standby: boolean; read_only: boolean }>(
    "select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as read_only",
  );
  const [{ standby, read_only }] = [rows[0] ?? { standby: false, read_only: false }];
  const fits = {
    'read-write': !read_only && !standby,
    'read-only': read_only || standby,
    primary: !standby,
    standby,
  }[wanted];
  if (!fits) throw new ConnectionLost(`the server is not what target_session_attrs=${wanted} asks for`);
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
