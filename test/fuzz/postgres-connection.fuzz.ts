import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { readSqlSettings } from '../../src/lib/server/catalog/sql-settings.ts';
import { connectionSettings } from '../../src/lib/server/datastore/postgres/connection-settings.ts';
import { parsePostgresConnectionString } from '../../src/lib/server/datastore/postgres/connection-string.ts';

const SECRET = 'a-secret-nobody-may-see';

/** Any text is refused as configuration, in words that hold no value, or means settings that mean the same when written out. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const pairs = refusedOr(() => parsePostgresConnectionString(text));
  if (pairs !== undefined) {
    // A blank first: a name that begins like a URL is none.
    const written = ` ${[...pairs].map(([name, value]) => `${name}='${value.replaceAll(/['\\]/g, '\\$&')}'`).join(' ')}`;
    const again = [...pairs.keys()].every((name) => /^[^\s=]+$/u.test(name))
      ? parsePostgresConnectionString(written)
      : pairs;
    if (JSON.stringify([...again]) !== JSON.stringify([...pairs])) throw new Error('other settings');
    const settings = refusedOr(() => connectionSettings(text, {}, 'somebody'));
    if (settings?.hosts.length === 0 || settings?.hosts.some(({ port }) => port < 1 || port > 65_535)) {
      throw new Error('no place to connect to');
    }
  }
  refusedOr(() => connectionSettings(`password=${SECRET} ${text}`, {}, 'somebody'));
  refusedOr(() => readSqlSettings(text, { environment: {}, userName: () => 'somebody' }));
  const data = `database_type = "postgres"\nconnection_string = ${JSON.stringify(text)}`;
  refusedOr(() => readSqlSettings(data, { environment: {}, userName: () => 'somebody' }));
}

function refusedOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SpirekitError) || error.code !== 'invalid-config') throw error;
    if (error.message.includes(SECRET)) throw new Error('a password in a message', { cause: error });
    return undefined;
  }
}
