import { isIP } from 'node:net';
import { SpirekitError } from '../../../runtime/errors.ts';
import { goQuote } from '../../../runtime/go-quote.ts';
import { parsePostgresConnectionString } from './connection-string.ts';

/** Where a server may listen. */
export interface PostgresHost {
  /** A name, an address, or the folder of a unix socket. */
  readonly host: string;
  /** Connected to instead of what {@link host} stands for. */
  readonly address: string | undefined;
  readonly port: number;
}

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

const SESSION_ATTRIBUTES = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;
export type SessionAttributes = (typeof SESSION_ATTRIBUTES)[number];

const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

/** How a connection is protected. Paths may be empty: not given. */
export interface TlsSettings {
  readonly mode: SslMode;
  readonly rootCert: string;
  readonly cert: string;
  readonly key: string;
  /** The three hold PEM itself and not the path of a file. */
  readonly isInline: boolean;
  readonly minVersion: (typeof TLS_VERSIONS)[number] | undefined;
  readonly maxVersion: (typeof TLS_VERSIONS)[number] | undefined;
}

/** What a connection string and the environment say. */
export interface ConnectionSettings {
  /** Tried in turn; never empty. */
  readonly hosts: readonly PostgresHost[];
  /** The hosts are tried in another order each time. */
  readonly shufflesHosts: boolean;
  readonly sessionAttributes: SessionAttributes;
  readonly user: string;
  readonly database: string;
  /** Undefined: from the password file, if it is there. */
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly applicationName: string;
  /** Of one attempt at one host, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Command-line options for the server's session. */
  readonly options: string;
  readonly tls: TlsSettings;
}

/** The variables that stand in for settings which the string does not name, as in libpq. */
const VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslrootcert: 'PGSSLROOTCERT',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  load_balance_hosts: 'PGLOADBALANCEHOSTS',
  service: 'PGSERVICE',
};

/** Settings of lib/pq that change nothing here. */
const WITHOUT_EFFECT = new Set([
  'binary_parameters',
  'disable_prepared_binary_result',
  'min_protocol_version',
  'max_protocol_version',
]);

/** Settings that ask for what is not done here, each with the one value, if any, that asks for nothing. */
const REFUSED: Readonly<Record<string, string>> = {
  service: '',
  krbsrvname: '',
  krbspn: '',
  sslnegotiation: 'postgres',
  sslsni: '1',
};

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/**
 * Reads a connection string as SPIRE does, with lib/pq's defaults: `localhost`, port 5432, TLS required. What lib/pq does not
 * know is a parameter of the server's session there, and so here.
 *
 * Error: `invalid-config`; nothing of a password is in it.
 *
 * @param processUser stands in for a user that nobody named
 */
export function connectionSettings(
  text: string,
  environment: Readonly<NodeJS.ProcessEnv>,
  processUser: string,
): ConnectionSettings {
  const rest = new Map(parsePostgresConnectionString(text));
  const take = (name: string, fallback: string): string => {
    const variable = VARIABLES[name];
    const value = rest.get(name) ?? (variable === undefined ? undefined : environment[variable]);
    rest.delete(name);
    return value ?? fallback;
  };
  refuseUnsupported(take);
  for (const name of WITHOUT_EFFECT) rest.delete(name);
  const database = rest.get('database');
  rest.delete('database');
  const hosts = readHosts(take('host', ''), take('hostaddr', ''), take('port', ''));
  const user = take('user', processUser);
  const password = take('password', '');
  const passwordFile = take('passfile', '');
  const settings: ConnectionSettings = {
    hosts,
    shufflesHosts:
      oneOf('load_balance_hosts', take('load_balance_hosts', 'disable'), ['disable', 'random']) === 'random',
    sessionAttributes: oneOf('target_session_attrs', take('target_session_attrs', 'any'), SESSION_ATTRIBUTES),
    user,
    database: database ?? take('dbname', user),
    password: password === '' ? undefined : password,
    passwordFile: passwordFile === '' ? undefined : passwordFile,
    applicationName: take('application_name', take('fallback_application_name', 'spirekit')),
    connectTimeoutMs: readSeconds('connect_timeout', take('connect_timeout', '0')) * 1000 || DEFAULT_CONNECT_TIMEOUT_MS,
    tls: readTls(take),
    options: take('options', ''),
  };
  rest.delete('fallback_application_name');
  rest.delete('dbname');
  checkEncoding(rest);
  return { ...settings, options: [settings.options, ...[...rest].map(sessionOption)].filter(Boolean).join(' ') };
}

type Take = (name: string, fallback: string) => string;

function refuseUnsupported(take: Take): void {
  for (const [name, harmless] of Object.entries(REFUSED)) {
    const value = take(name, harmless);
    if (value !== harmless && value !== '') throw invalid(`${name} is not supported here`);
  }
}

function readTls(take: Take): TlsSettings {
  const rootCert = take('sslrootcert', '');
  const version = (name: string) => {
    const value = take(name, '');
    return value === '' ? undefined : oneOf(name, value, TLS_VERSIONS);
  };
  const mode = oneOf('sslmode', take('sslmode', rootCert === 'system' ? 'verify-full' : 'require'), SSL_MODES);
  if (rootCert === 'system' && mode !== 'verify-full') {
    throw invalid(`sslmode=${mode} is too weak for sslrootcert=system: use verify-full`);
  }
  return {
    mode,
    rootCert,
    cert: take('sslcert', ''),
    key: take('sslkey', ''),
    isInline: ['1', 'true', 'yes', 'on'].includes(take('sslinline', '')),
    minVersion: version('ssl_min_protocol_version'),
    maxVersion: version('ssl_max_protocol_version'),
  };
}

function readHosts(host: string, address: string, port: string): readonly PostgresHost[] {
  const addresses = address === '' ? [] : address.split(',');
  const hosts = host === '' && addresses.length > 0 ? addresses : host.split(',');
  const ports = port.split(',');
  if (addresses.length > 0 && addresses.length !== hosts.length) throw invalid('host and hostaddr differ in number');
  if (ports.length > 1 && ports.length !== hosts.length) throw invalid('host and port differ in number');
  return hosts.map((name, index) => {
    const itsAddress = addresses[index] ?? '';
    if (itsAddress !== '' && isIP(itsAddress) === 0) throw invalid(`hostaddr ${goQuote(itsAddress)} is no IP address`);
    return {
      host: name === '' ? 'localhost' : name,
      address: itsAddress === '' ? undefined : itsAddress,
      port: readPort(ports.length === 1 ? (ports[0] ?? '') : (ports[index] ?? '')),
    };
  });
}

function readPort(text: string): number {
  if (text === '') return 5432;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalid(`port ${goQuote(text)} is no port`);
  return port;
}

function readSeconds(name: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw invalid(`${name} ${goQuote(text)} is no number of seconds`);
  return Number(text);
}

function oneOf<const T extends readonly string[]>(name: string, value: string, values: T): T[number] {
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  throw invalid(`${name} ${goQuote(value)} is not one of ${values.join(', ')}`);
}

/** What is stored is UTF-8, and dates are never read as text. */
function checkEncoding(rest: Map<string, string>): void {
  const encoding = rest.get('client_encoding');
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) throw invalid('client_encoding must be absent or UTF8');
  rest.delete('client_encoding');
  const dateStyle = rest.get('datestyle');
  if (dateStyle !== undefined && dateStyle !== 'ISO, MDY') throw invalid('datestyle must be absent or "ISO, MDY"');
  rest.delete('datestyle');
}

function sessionOption([name, value]: readonly [string, string]): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name)) throw invalid('the name of a setting is none');
  return `-c ${name}=${value.replaceAll(/[\\\s]/gu, '\\$&')}`;
}

function invalid(reason: string): SpirekitError {
  return new SpirekitError('invalid-config', `datastore-sql: connection string: ${reason}`);
}
