import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { publicRoots } from '../../fetch/public-roots.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import type { AwsSdk } from './aws-call.ts';

/** How the services of AWS are reached. */
export interface AwsAccess {
  /** Empty: that of the environment or the shared configuration. */
  readonly region: string;
  /** Both empty: the SDK's chain of environment, shared files, web identity, container and instance. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** URL of a service that only speaks as AWS does. By default the SDK asks `AWS_ENDPOINT_URL` and its like. */
  readonly endpoint?: string | undefined;
}

/** Keys that calls are signed with. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** What a client of the SDK is made with. */
export interface AwsClientConfig {
  readonly region?: string;
  readonly credentials?: AwsKeys | (() => Promise<AwsKeys>);
  readonly endpoint?: string;
  readonly maxAttempts: number;
  readonly requestHandler: { connectionTimeout: number; requestTimeout: number; httpsAgent: Agent };
}

const CONNECT_MS = 5_000;
const ANSWER_MS = 30_000;
/** As many as the server signs at the same time. */
const MOST_CONNECTIONS = 64;
const MOST_TRIES = 3;

/**
 * Error: `invalid-config` for a file of `AWS_CA_BUNDLE` that cannot be read.
 *
 * @param env the environment of the process
 */
export async function awsClientConfig(
  access: AwsAccess,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AwsClientConfig> {
  const { region, accessKeyId, secretAccessKey, sessionToken = '', endpoint = '' } = access;
  const hasKeys = accessKeyId !== '' && secretAccessKey !== '';
  const token = sessionToken === '' ? {} : { sessionToken };
  return {
    ...(region !== '' && { region }),
    ...(hasKeys && { credentials: { accessKeyId, secretAccessKey, ...token } }),
    ...(endpoint !== '' && { endpoint }),
    maxAttempts: MOST_TRIES,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      httpsAgent: new Agent({
        keepAlive: true,
        maxSockets: MOST_CONNECTIONS,
        ca: await readRoots(env['AWS_CA_BUNDLE'] ?? ''),
        rejectUnauthorized: true,
      }),
    },
  };
}

/** The same access by way of a role, which the credentials so far may assume. */
export function assumeRole(sdk: AwsSdk, config: AwsClientConfig, roleArn: string): AwsClientConfig {
  const { credentials, region, ...rest } = config;
  const provider = sdk.fromTemporaryCredentials({
    params: { RoleArn: roleArn, RoleSessionName: 'spirekit-server' },
    ...(credentials !== undefined && { masterCredentials: credentials }),
    clientConfig: { ...rest, ...(region !== undefined && { region }) },
  });
  return { ...config, credentials: () => provider() };
}

async function readRoots(path: string): Promise<string[] | Buffer> {
  if (path === '') return [...publicRoots()];
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SpirekitError('invalid-config', `AWS_CA_BUNDLE: open ${path}: ${ioReason(cause)}`, { cause });
  }
}
