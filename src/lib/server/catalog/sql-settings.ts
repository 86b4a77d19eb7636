import type { HclNode } from '../../config/hcl/ast.ts';
import { block } from '../../config/schema/block.ts';
import { fieldNames } from '../../config/schema/field-names.ts';
import { bool, int, optional, string, subtree } from '../../config/schema/scalars.ts';
import { decodeText } from '../../config/schema/schema.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import { nanosecondsToMs, parseGoDuration } from '../../runtime/go-duration.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { type ConnectionSettings, connectionSettings } from '../datastore/postgres/connection-settings.ts';
import type { PoolLimits } from '../datastore/postgres/pool-limits.ts';
import { parseConnectionString } from '../datastore/sqlite/connection-string.ts';

/** SPIRE's certificate settings are read over, as SPIRE reads them over for any database but MySQL. */
const schema = block({
  database_type: subtree(),
  connection_string: string(),
  ro_connection_string: string(),
  conn_max_lifetime: optional(string()),
  max_open_conns: optional(int()),
  max_idle_conns: optional(int()),
  disable_migration: bool(),
});

/** The keys of the SQL datastore's settings. */
export const SQL_SETTINGS = fieldNames(schema);

/** What the settings of the SQL datastore say. */
export type SqlSettings = {
  /** The tables are neither made nor changed. */
  readonly disableMigration: boolean;
} & (
  | {
      readonly type: 'sqlite3';
      /** The path of the file, or `:memory:`. */
      readonly path: string;
    }
  | {
      readonly type: 'postgres';
      readonly settings: ConnectionSettings;
      /** Of the database that is only read. */
      readonly replica: ConnectionSettings | undefined;
      readonly limits: PoolLimits;
    }
);

/** What the process adds to the settings of a connection. */
export interface ConnectionSurroundings {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  /** Asked for where nobody names a user. */
  readonly userName: () => string;
}

/** SPIRE opens up to 100, which is all that a PostgreSQL takes by default; one process here needs far fewer. */
const DEFAULT_OPEN = 20;

/** Go's "unlimited". */
const MOST_OPEN = 1000;

/** Reads the settings. Error: `invalid-config`, with SPIRE's sentence where it has one; never with a password. */
export function readSqlSettings(data: string, surroundings: ConnectionSurroundings): SqlSettings {
  const values = decodeText(schema, data);
  const type = databaseType(values.database_type);
  if (type === '') throw invalid('database_type must be set');
  if (values.connection_string === '') throw invalid('connection_string must be set');
  const disableMigration = values.disable_migration;
  switch (type) {
    case 'sqlite3':
      return { type, path: parseConnectionString(values.connection_string), disableMigration };
    case 'postgres': {
      const read = (text: string): ConnectionSettings => {
        const { environment, userName } = surroundings;
        return connectionSettings(text, environment, userName());
      };
      const open = values.max_open_conns ?? DEFAULT_OPEN;
      const mostOpen = open <= 0 ? MOST_OPEN : Math.min(open, MOST_OPEN);
      return {
        type,
        disableMigration,
        settings: read(values.connection_string),
        replica: values.ro_connection_string === '' ? undefined : read(values.ro_connection_string),
        limits: {
          mostOpen,
          mostIdle: Math.min(mostOpen, Math.max(0, values.max_idle_conns ?? mostOpen)),
          longestLifeMs: lifetime(values.conn_max_lifetime),
        },
      };
    }
    case 'mysql':
    case 'aws_mysql':
    case 'aws_postgres':
      throw invalid(`database_type ${goQuote(type)} is not supported here: use "postgres" or "sqlite3"`);
  }
  throw invalid(`unsupported database_type: ${type}`);
}

/** A word, or a block named by the type, as in SPIRE. */
function databaseType(node: HclNode | undefined): string {
  if (node?.kind === 'literal') return node.value;
  if (node?.kind === 'object') return node.items[0]?.keys[0]?.name ?? '';
  return '';
}

/** Zero and less are no limit, as in Go. */
function lifetime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    const ms = nanosecondsToMs(parseGoDuration(text));
    return ms > 0 ? ms : undefined;
  } catch (error) {
    const { message } = prefixed(`failed to parse conn_max_lifetime ${goQuote(text)}`, error);
    throw invalid(message);
  }
}

function invalid(message: string): SpirekitError {
  return new SpirekitError('invalid-config', `datastore-sql: ${message}`);
}
