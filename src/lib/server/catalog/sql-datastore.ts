import { existsSync } from 'node:fs';
import type { BuiltInPlugin } from '../../catalog/built-in-plugin.ts';
import type { HclNode } from '../../config/hcl/ast.ts';
import { block } from '../../config/schema/block.ts';
import { string, subtree } from '../../config/schema/scalars.ts';
import { decodeText } from '../../config/schema/schema.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { DataStore } from '../datastore/datastore.ts';
import { parseConnectionString } from '../datastore/sqlite/connection-string.ts';
import { openSqliteDataStore } from '../datastore/sqlite/open-sqlite-data-store.ts';
import type { DataStoreDeps } from './datastore-deps.ts';

/** SPIRE's settings for pools, certificates and the like are read over: SQLite has no use for them. */
const schema = block({ database_type: subtree(), connection_string: string() });

/** DataStore `sql`: `database_type` is `sqlite3`, `connection_string` names the file. */
export const sqlDatastore: BuiltInPlugin<DataStoreDeps, DataStore> = {
  isConfigurable: true,

  validate: (data) => {
    try {
      readPath(data);
      return [];
    } catch (error) {
      return [SpirekitError.from(error).message];
    }
  },

  open: async (data, { clock, log, signal }) => {
    const path = readPath(data);
    log.info('Opening SQL database', { db_type: 'sqlite3' });
    if (!existsSync(path)) log.info('Initializing new database');
    const datastore = await openSqliteDataStore({ path, clock, signal });
    log.info('Connected to SQL database', { read_only: false, type: 'sqlite3', version: process.versions['sqlite'] });
    return datastore;
  },
};

/** The path of the database. Error: `invalid-config`, with SPIRE's sentence where it has one. */
function readPath(data: string): string {
  const settings = decodeText(schema, data);
  const type = databaseType(settings.database_type);
  if (type === '') throw invalid('datastore-sql: database_type must be set');
  if (settings.connection_string === '') throw invalid('datastore-sql: connection_string must be set');
  if (type !== 'sqlite3') throw invalid(`datastore-sql: unsupported database_type: ${type}`);
  return parseConnectionString(settings.connection_string);
}

/** A word, or a block named by the type, as in SPIRE. */
function databaseType(node: HclNode | undefined): string {
  if (node?.kind === 'literal') return node.value;
  if (node?.kind === 'object') return node.items[0]?.keys[0]?.name ?? '';
  return '';
}

function invalid(message: string): SpirekitError {
  return new SpirekitError('invalid-config', message);
}
