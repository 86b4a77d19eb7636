import { ConfigError } from '../config-error.ts';
import type { HclNode } from '../hcl/ast.ts';
import { block } from '../schema/block.ts';
import { bool, int, optional, string, subtree } from '../schema/scalars.ts';
import { decodeText, decodeTree } from '../schema/schema.ts';

const awsSchema = block({ region: string(), access_key_id: string(), secret_access_key: string() });

const dataStoreSchema = block({
  database_type: subtree(),
  connection_string: string(),
  ro_connection_string: string(),
  root_ca_path: string(),
  client_cert_path: string(),
  client_key_path: string(),
  conn_max_lifetime: optional(string()),
  max_open_conns: optional(int()),
  max_idle_conns: optional(int()),
  disable_migration: bool(),
  log_sql: bool(),
});

const AWS_TYPES: ReadonlySet<string> = new Set(['aws_mysql', 'aws_postgres']);

/** What is wrong with the settings of the SQL data store; undefined if nothing is. */
export function findDataStoreFault(hcl: string): string | undefined {
  try {
    const config = decodeText(dataStoreSchema, hcl);
    const { name, region } = readDatabaseType(config.database_type);
    if (name === '') return 'datastore-sql: database_type must be set';
    if (config.connection_string === '') return 'datastore-sql: connection_string must be set';
    if (name === 'mysql' || name === 'aws_mysql') {
      const strings = [config.connection_string, config.ro_connection_string].filter((text) => text !== '');
      if (!strings.every(parsesTime)) {
        return 'datastore-sql: invalid mysql config: missing parseTime=true param in connection_string';
      }
    }
    return region === '' ? 'datastore-sql: region must be specified' : undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

/** A name, or a block named after a database at a cloud provider. */
function readDatabaseType(tree: HclNode | undefined): { name: string; region: string | undefined } {
  if (tree?.kind === 'literal') return { name: tree.value, region: undefined };
  if (tree?.kind !== 'object') throw new ConfigError('malformed database type configuration');
  const [item, ...others] = tree.items;
  if (item === undefined || others.length > 0) throw new ConfigError('exactly one database type is expected');
  const [key, ...labels] = item.keys;
  if (key === undefined || labels.length > 0) throw new ConfigError('exactly one key is expected');
  if (!AWS_TYPES.has(key.name)) throw new ConfigError(`unknown database type: ${key.name}`);
  const types = decodeTree(block({ [key.name]: awsSchema }), tree);
  return { name: key.name, region: types[key.name]?.region };
}

function parsesTime(connectionString: string): boolean {
  return /[?&]parseTime=(true|1)(&|$)/i.test(connectionString);
}
