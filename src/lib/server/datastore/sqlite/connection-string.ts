import { SpirekitError } from '../../../runtime/errors.ts';

/** The name under which SQLite keeps a database in memory only. */
export const IN_MEMORY = ':memory:';

/**
 * The file that a `connection_string` of SPIRE's configuration names: a plain path or a `file:` URI, whose query is
 * dropped (journal mode and foreign keys are set anyhow). `%20` stands for a blank in both, as SQLite and SPIRE read
 * them. Error: `invalid-config` for another scheme or no path.
 */
export function parseConnectionString(text: string): string {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return requirePath(text === IN_MEMORY ? text : decodeEscapes(dropQuery(text)));
  if (scheme !== 'file') {
    throw new SpirekitError('invalid-config', `datastore-sql: unsupported scheme ${JSON.stringify(scheme)}`);
  }
  const rest = text.slice('file:'.length);
  if (/[?&]mode=memory(?:&|$)/.test(rest)) return IN_MEMORY;
  const path = decodeEscapes(dropQuery(rest));
  return requirePath(path.startsWith('//') ? path.replace(/^\/\/(?:localhost)?(?=\/)/, '') : path);
}

function dropQuery(text: string): string {
  return text.replace(/[?#].*$/s, '');
}

/** What is no escape stays as it is, as in SQLite. */
function decodeEscapes(path: string): string {
  return path.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

function requirePath(path: string): string {
  if (path === '' || path.includes('\0')) {
    throw new SpirekitError('invalid-config', 'datastore-sql: connection_string must be set');
  }
  return path;
}
