import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { SpirekitError } from '../../../runtime/errors.ts';
import { errnoOf, ioReason } from '../../../runtime/io-reason.ts';
import type { SslMode, TlsSettings } from './connection-settings.ts';

/** How to begin: undefined without TLS. */
export type TlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'checkServerIdentity' | 'servername' | 'minVersion' | 'maxVersion'
>;

/**
 * What Node needs for a mode, with the files read anew. As in libpq a root certificate makes of `require` what `verify-ca`
 * is, `~/.postgresql` holds what is not named, and a key that others may read is refused.
 *
 * Error: `invalid-config` for a file that cannot be used.
 *
 * @param mode differs from that of the settings where `allow` and `prefer` try both ways
 * @param host whom the certificate must name in mode `verify-full`
 */
export async function tlsOptions(settings: TlsSettings, mode: SslMode, host: string): Promise<TlsOptions> {
  const root = await readRoot(settings, mode);
  const identity = await readIdentity(settings);
  const isVerified = mode === 'verify-full' || mode === 'verify-ca' || root !== undefined;
  return {
    ...(root !== undefined && { ca: root }),
    ...identity,
    rejectUnauthorized: isVerified,
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(isIP(host) === 0 && { servername: host }),
    ...(settings.minVersion !== undefined && { minVersion: settings.minVersion }),
    ...(settings.maxVersion !== undefined && { maxVersion: settings.maxVersion }),
  };
}

async function readRoot({ rootCert, isInline }: TlsSettings, mode: SslMode): Promise<string | undefined> {
  if (rootCert === 'system') return undefined;
  if (isInline) return rootCert === '' ? undefined : rootCert;
  const isWanted = mode === 'verify-ca' || mode === 'verify-full';
  if (rootCert === '') return await findFile(ownFile('root.crt'));
  const text = await findFile(rootCert);
  if (text === undefined && isWanted) throw unusable('sslrootcert', rootCert, 'no such file or directory');
  return text;
}

async function readIdentity(settings: TlsSettings): Promise<Pick<TlsOptions, 'cert' | 'key'>> {
  if (settings.isInline) return settings.cert === '' ? {} : { cert: settings.cert, key: settings.key };
  const certPath = settings.cert === '' ? ownFile('postgresql.crt') : settings.cert;
  const cert = await findFile(certPath);
  if (cert === undefined) {
    if (settings.cert === '') return {};
    throw unusable('sslcert', certPath, 'no such file or directory');
  }
  const keyPath = settings.key === '' ? ownFile('postgresql.key') : settings.key;
  const key = await findFile(keyPath);
  if (key === undefined) throw unusable('sslkey', keyPath, 'no such file or directory');
  await refuseOpenKey(keyPath);
  return { cert, key };
}

/** Root's files may be read by a group too. */
async function refuseOpenKey(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  if ((mode & (uid === 0 ? 0o137 : 0o177)) === 0) return;
  throw unusable('sslkey', path, 'others may read it: make its mode 0600');
}

async function findFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return undefined;
    throw unusable('file', path, ioReason(cause));
  }
}

function ownFile(name: string): string {
  return join(homedir(), '.postgresql', name);
}

function unusable(what: string, path: string, reason: string): SpirekitError {
  return new SpirekitError('invalid-config', `datastore-sql: ${what} ${JSON.stringify(path)}: ${reason}`);
}
