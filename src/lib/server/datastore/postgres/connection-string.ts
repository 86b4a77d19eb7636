import { SpirekitError } from '../../../runtime/errors.ts';

/**
 * The settings in a connection string of PostgreSQL, in either of its forms: `name=value ...` with quotes and backslashes, or
 * a `postgres://` URL. Read as lib/pq reads them, which SPIRE uses; of a repeated name the last value counts.
 *
 * Error: `invalid-config`. Its sentence holds nothing of the text, in which there may be a password.
 *
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
export function parsePostgresConnectionString(text: string): ReadonlyMap<string, string> {
  const scheme = /^postgres(?:ql)?:\/\//.exec(text)?.[0];
  return scheme === undefined ? parsePairs(text) : parseUrl(text.slice(scheme.length));
}

/** One setting: a name, `=`, and a value that is quoted or ends at white space; only the last may have none. */
const PAIR =
  /(?<name>[^\s=]*)\s*=\s*(?:'(?<quoted>(?:[^'\\]|\\.)*)'|(?<plain>(?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)|$)\s*/suy;

function parsePairs(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const trimmed = text.trimStart();
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < trimmed.length) {
    const at = PAIR.lastIndex;
    const groups = PAIR.exec(trimmed)?.groups;
    if (groups === undefined) throw invalid(`it is not a list of name=value at character ${at + 1}`);
    settings.set(groups['name'] ?? '', (groups['quoted'] ?? groups['plain'] ?? '').replaceAll(/\\(.)/gsu, '$1'));
  }
  return settings;
}

/** What follows the scheme: `user:password@host:port/database?name=value`; everything but the host may be missing. */
function parseUrl(rest: string): ReadonlyMap<string, string> {
  const [, authority = '', path, query = ''] = /^([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?(?:#.*)?$/su.exec(rest) ?? [];
  const at = authority.lastIndexOf('@');
  const [user = '', ...password] = authority.slice(0, Math.max(0, at)).split(':');
  const settings = new Map<string, string>();
  const set = (name: string, value: string): void => {
    if (value !== '') settings.set(name, value);
  };
  set('user', decode(user));
  set('password', decode(password.join(':')));
  const { hosts, ports } = splitHosts(authority.slice(at + 1));
  set('host', decode(hosts));
  set('port', ports);
  set('dbname', decode(path ?? ''));
  for (const [name, value] of queryPairs(query)) set(name, value);
  return settings;
}

/** Several hosts stand between commas, each with its port; an IPv6 address stands in brackets. */
function splitHosts(text: string): { readonly hosts: string; readonly ports: string } {
  const parts = text.split(',').map((part) => /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/su.exec(part));
  if (parts.some((part) => part === null)) throw invalid('its host is not one');
  const hosts = parts.map((part) => (part?.[1] ?? '').replace(/^\[(.*)\]$/su, '$1'));
  const ports = parts.map((part) => part?.[2] ?? '');
  return { hosts: hosts.join(','), ports: ports.every((port) => port === '') ? '' : ports.join(',') };
}

/** The first of several values of a name counts, as in Go. */
function queryPairs(query: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const part of query.split('&')) {
    const [name = '', ...value] = part.split('=');
    const key = decode(name.replaceAll('+', ' '));
    if (!pairs.has(key)) pairs.set(key, decode(value.join('=').replaceAll('+', ' ')));
  }
  return pairs;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('it holds a percent sign that begins no escape');
  }
}

function invalid(reason: string): SpirekitError {
  return new SpirekitError('invalid-config', `datastore-sql: connection string: ${reason}`);
}
