import { SpirekitError } from '../../../runtime/errors.ts';

/** The name under which SQLite keeps a database in memory only. */
export const IN_MEMORY = ':memory:';

/**
 * The file that a `connection_string` of SPIRE's configuration names: a plain path or a `file:` URI, whose query is
 * dropped (journal mode and foreign keys are set anyhow). Error: `invalid-config` for another scheme or no path.
 */
export function parseConnectionString(text: string): string {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return requirePath(text === IN_MEMORY ? text : dropQuery(text));
  if (scheme !== 'file') {
    throw new SpirekitError('invalid-config', `datastore-sql: unsupported scheme ${JSON.stringify(scheme)}`);
  }
  const rest = text.slice('file:'.length);
  if (/[?&]mode=memory(?:&|$)/.test(rest)) return IN_MEMORY;
  const path = dropQuery(rest);
  return requirePath(path.startsWith('//') ? path.replace(/^\/\/(?:localhost)?(?=\/)/, '') : path);
}

function dropQuery(text: string): string {
  return text.replace(/[?#].*$/s, '');
}

function requirePath(path: string): string {
  if (path === '' || path.includes('\0')) {
    throw new SpirekitError('invalid-config', 'datastore-sql: connection_string must be set');
  }
  return path;
}
