import { readFile } from 'node:fs/promises';
import type { AgentConfig } from '../../config/agent/agent-config.ts';
import { Certificate } from '../../crypto/certificate.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { parseBundleDocument } from '../../spiffe/bundle.ts';
import { download } from './download.ts';
import { fetchFromWorkloadApi } from './fetch-from-workload-api.ts';

/** The part of the agent's configuration that says where the first bundle comes from. */
export type BundleConfig = Pick<AgentConfig, 'trustDomain' | 'trustBundle' | 'trustBundleFormat'>;

/** What {@link loadConfiguredBundle} needs beside the configuration. */
export interface LoadBundleOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Query parameters that tell a helper behind a unix socket what the agent is up to. */
  readonly helperParameters: Readonly<Record<string, string>>;
  /** Further roots for https in PEM; only for tests. */
  readonly extraRoots?: readonly string[] | undefined;
}

/**
 * The authorities that the configuration says the server is known by: never none, undefined if it says to trust
 * whoever answers.
 *
 * Errors: `io-error`, `unavailable` for a bundle that cannot be had, `invalid-bundle` and `invalid-certificate` for one
 * that is none.
 */
export async function loadConfiguredBundle(
  config: BundleConfig,
  options: LoadBundleOptions,
): Promise<readonly Certificate[] | undefined> {
  const { trustBundle } = config;
  switch (trustBundle.kind) {
    case 'insecure':
      return undefined;
    case 'file':
      return parse(await readBundleFile(trustBundle.path), config);
    case 'url':
      return parse(await download(trustBundle, options), config);
    case 'workload-api':
      return checkNotEmpty(await fetchFromWorkloadApi(trustBundle.address, config.trustDomain, options));
  }
}

async function readBundleFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError('io-error', `could not parse trust bundle: ${reason}`, { cause });
  }
}

function parse(bytes: Uint8Array, config: BundleConfig): readonly Certificate[] {
  switch (config.trustBundleFormat) {
    case 'pem':
      return checkNotEmpty(Certificate.parsePem(bytes));
    case 'spiffe':
      return checkNotEmpty(parseSpiffe(bytes, config));
  }
}

function parseSpiffe(bytes: Uint8Array, { trustDomain }: BundleConfig): readonly Certificate[] {
  try {
    return parseBundleDocument(trustDomain, bytes).x509Authorities;
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError('invalid-bundle', `unable to parse SPIFFE trust bundle: ${reason}`, { cause });
  }
}

function checkNotEmpty(authorities: readonly Certificate[]): readonly Certificate[] {
  if (authorities.length > 0) return authorities;
  throw new SpirekitError('invalid-bundle', 'no certificates found in trust bundle');
}
