import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import { readSmallFile } from '../../config/file-access.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import { listOf, memberOf, textOf } from './json-members.ts';

/** How to reach the API server of a cluster, and as whom. */
export interface KubeAccess {
  /** `https://host:port`, perhaps with a path; without a slash at the end. */
  readonly server: string;
  /** PEM; undefined means the public authorities. */
  readonly ca: string | undefined;
  /** The name that the server's certificate must have, where it is not the host's. */
  readonly serverName: string | undefined;
  /** Read anew for each call: tokens in files are replaced while they are used. */
  readonly findToken: () => Promise<string | undefined>;
  /** PEM of a client certificate and its key. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
}

const LARGEST_FILE_BYTES = 1024 * 1024;
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The access that the path of a kubeconfig names, or else the one that every pod has. Error: `invalid-config`. */
export async function loadKubeAccess(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
  serviceAccount: string = SERVICE_ACCOUNT,
): Promise<KubeAccess> {
  if (path === '') return inCluster(env, serviceAccount);
  const text = Buffer.from(await readSmallFile(resolve(path), path, { limit: LARGEST_FILE_BYTES })).toString('utf8');
  try {
    return await parseKubeConfig(text, dirname(resolve(path)));
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new ConfigError(`kubeconfig ${goQuote(path)}: ${reason}`, { cause });
  }
}

async function inCluster(
  env: Readonly<Record<string, string | undefined>>,
  serviceAccount: string,
): Promise<KubeAccess> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '' } = env;
  if (host === '' || port === '') {
    throw new ConfigError(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined; outside of a cluster name a kubeconfig',
    );
  }
  const caPath = `${serviceAccount}/ca.crt`;
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: Buffer.from(await readSmallFile(caPath, caPath, { limit: LARGEST_FILE_BYTES })).toString('utf8'),
    serverName: undefined,
    findToken: async () => (await readFile(`${serviceAccount}/token`, 'utf8')).trim(),
    certificate: undefined,
  };
}

/**
 * Reads a kubeconfig: the cluster and the user of its current context. Users who need a program or a cloud to get a token,
 * or a password, are refused, as is a server whose certificate nobody is to look at.
 *
 * @param folder what relative paths in it are below
 * @throws ConfigError `invalid-config`
 */
export async function parseKubeConfig(text: string, folder: string): Promise<KubeAccess> {
  const document = await parseYaml(text);
  const context = named(document, 'contexts', textOf(document, 'current-context'), 'context');
  const cluster = named(document, 'clusters', textOf(context, 'cluster'), 'cluster');
  const user = named(document, 'users', textOf(context, 'user'), 'user');
  const server = textOf(cluster, 'server').replace(/\/+$/, '');
  if (!server.startsWith('https://'))
    throw new ConfigError(`the server must begin with https://, not ${goQuote(server)}`);
  if (memberOf(cluster, 'insecure-skip-tls-verify') === true) {
    throw new ConfigError('insecure-skip-tls-verify is not supported: give the certificate-authority of the server');
  }
  for (const unsupported of ['exec', 'auth-provider', 'username']) {
    if (memberOf(user, unsupported) !== undefined) {
      throw new ConfigError(
        `users with ${goQuote(unsupported)} are not supported: use a token or a client certificate`,
      );
    }
  }
  return {
    server,
    ca: await dataOf(cluster, 'certificate-authority', folder),
    serverName: textOf(cluster, 'tls-server-name') || undefined,
    findToken: tokenOf(user, folder),
    certificate: await certificateOf(user, folder),
  };
}

async function parseYaml(text: string): Promise<unknown> {
  // Loaded only here: a server without Kubernetes needs no YAML.
  const { parse } = await import('yaml');
  try {
    // Aliases are no part of a kubeconfig, and could make much of little.
    return parse(text, { maxAliasCount: 0, logLevel: 'error' });
  } catch (cause) {
    throw new ConfigError('it is not YAML', { cause });
  }
}

function named(document: unknown, list: string, name: string, member: string): unknown {
  const found = listOf(document, list).find((item) => textOf(item, 'name') === name);
  if (name === '' || found === undefined)
    throw new ConfigError(`it has no ${member} ${goQuote(name)} in ${goQuote(list)}`);
  return memberOf(found, member);
}

/** What stands in the file, in base64, or in a file that it names. */
async function dataOf(value: unknown, name: string, folder: string): Promise<string | undefined> {
  const data = textOf(value, `${name}-data`);
  if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const path = textOf(value, name);
  if (path === '') return undefined;
  return Buffer.from(await readSmallFile(resolve(folder, path), path, { limit: LARGEST_FILE_BYTES })).toString('utf8');
}

function tokenOf(user: unknown, folder: string): KubeAccess['findToken'] {
  const path = textOf(user, 'tokenFile');
  if (path !== '') return async () => (await readFile(resolve(folder, path), 'utf8')).trim();
  const token = textOf(user, 'token') || undefined;
  return async () => token;
}

async function certificateOf(user: unknown, folder: string): Promise<KubeAccess['certificate']> {
  const cert = await dataOf(user, 'client-certificate', folder);
  const key = await dataOf(user, 'client-key', folder);
  return cert === undefined || key === undefined ? undefined : { cert, key };
}
