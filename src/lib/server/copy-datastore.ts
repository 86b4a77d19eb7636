import { existsSync } from 'node:fs';
import { loadPluginData } from '../config/section/plugin-data.ts';
import type { ServerConfig } from '../config/server/server-config.ts';
import type { Clock } from '../runtime/clock.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import { DATASTORE_TYPE } from './catalog/plugin-types.ts';
import { type ConnectionSurroundings, readSqlSettings, type SqlSettings } from './catalog/sql-settings.ts';
import { copyTables, countRows, type RowCounts } from './datastore/copy/copy-tables.ts';
import { openSoleDatabase } from './datastore/copy/open-sole-database.ts';

/** What is copied where. */
export interface CopyDatastoreOptions {
  /** The server with the datastore that it has. */
  readonly from: ServerConfig;
  /** The same server with the datastore that it shall have. */
  readonly to: ServerConfig;
  /** Only looks, and changes nothing. */
  readonly dryRun: boolean;
  readonly surroundings: ConnectionSurroundings;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told how many of all rows are copied so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What was copied, or would be. */
export interface CopyReport {
  readonly from: string;
  readonly to: string;
  readonly counts: RowCounts;
}

/**
 * Copies all that a server remembers from one datastore into another, empty one: entries, agents, join tokens, bundles,
 * federation, and the journals of its authorities, so that with the same keys it goes on as the same server. All or nothing;
 * what it read is left as it is. No server may run on either.
 *
 * Errors: `failed-precondition` while a server runs, for a datastore that is not empty, of another trust domain, program or
 * version; `not-found`, `invalid-config`, `unavailable`, `data-loss`.
 */
export async function copyDatastore(options: CopyDatastoreOptions): Promise<CopyReport> {
  const { from, to, dryRun, clock, signal } = options;
  if (!from.trustDomain.equals(to.trustDomain)) {
    throw new SpirekitError(
      'failed-precondition',
      `the two configurations are of different trust domains: ${from.trustDomain} and ${to.trustDomain}`,
    );
  }
  const [fromSettings, toSettings] = [await settingsOf(from, options), await settingsOf(to, options)];
  if (JSON.stringify(fromSettings) === JSON.stringify(toSettings)) {
    throw new SpirekitError('failed-precondition', 'the two configurations name the same datastore');
  }
  await using source = await openSoleDatabase(fromSettings, { clock, signal, mayCreate: false });
  if (!source.hasTables)
    throw new SpirekitError('failed-precondition', `${source.name} is empty: there is nothing to copy`);
  await source.requireTables().catch((error: unknown) => {
    throw prefixed(`${source.name} must be opened by a server of this version once before it is copied`, error);
  });
  const isNewFile = toSettings.type === 'sqlite3' && !existsSync(toSettings.path);
  await using target =
    dryRun && isNewFile ? undefined : await openSoleDatabase(toSettings, { clock, signal, mayCreate: true });
  if (target?.hasTables === true) {
    const present = Object.values(await countRows(target.db)).reduce((sum, count) => sum + count, 0);
    if (present > 0) throw new SpirekitError('failed-precondition', `${target.name} is not empty: nothing was copied`);
  }
  const names = { from: source.name, to: target?.name ?? 'a new SQLite file' };
  if (dryRun || target === undefined) return { ...names, counts: await countRows(source.db) };
  await target.makeTables();
  signal.throwIfAborted();
  const { kind } = target;
  const total = Object.values(await countRows(source.db)).reduce((sum, count) => sum + count, 0);
  const counts = await target.db
    .transaction()
    .execute((tx) => copyTables(source.db, tx, kind, (done) => options.onProgress?.(done, total)))
    .catch((error: unknown) => {
      throw kind.toError(error);
    });
  return { ...names, counts };
}

async function settingsOf(
  { plugins }: ServerConfig,
  { surroundings, signal }: CopyDatastoreOptions,
): Promise<SqlSettings> {
  const config = plugins.find((plugin) => plugin.type === DATASTORE_TYPE.name);
  if (config === undefined) throw new SpirekitError('invalid-config', 'expecting a DataStore plugin');
  return readSqlSettings(await loadPluginData(config.data, { signal }), surroundings);
}
