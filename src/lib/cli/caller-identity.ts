import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Certificate } from '../crypto/certificate.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import { parseBundleDocument } from '../spiffe/bundle.ts';
import { SpiffeId, type TrustDomain } from '../spiffe/spiffe-id.ts';
import { parseX509SvidPem, type X509Svid } from '../spiffe/x509-svid.ts';
import { WorkloadApiClient } from '../workloadapi/client.ts';
import { parseX509Context } from '../workloadapi/x509-context.ts';
import { chooseAgentTarget } from './agent-connection.ts';
import { within } from './error-context.ts';
import { AdvisedError } from './failure.ts';
import { readInputFile } from './input-file.ts';
import type { ServerContext } from './server-flags.ts';
import { DEFAULT_AGENT_SOCKET } from './sockets.ts';

/** What a command proves itself with to a server that is elsewhere, and what it verifies that server with. */
export interface CallerIdentity {
  readonly svid: X509Svid;
  /** The X.509 authorities of a trust domain; undefined where the caller has no bundle of it. */
  findBundle(trustDomain: TrustDomain): readonly Certificate[] | undefined;
}

/** How long the Workload API may take, which answers at once unless it has not heard of its server yet. */
const WORKLOAD_API_TIMEOUT_MS = 5_000;

/** No SVID with its chain comes near this. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The identity that the flags name: from files if `-callerSVID` says so, else from the Workload API.
 *
 * @throws SpirekitError `usage`, `io-error`, `invalid-x509-svid`, `invalid-bundle`, `not-found`; what the Workload API
 *   refuses with
 */
export function loadCallerIdentity(context: ServerContext, server: TrustDomain | undefined): Promise<CallerIdentity> {
  const { flags } = context;
  if (flags.callerSVID === '') {
    for (const name of ['callerKey', 'callerBundle'] as const) {
      if (flags[name] !== '') throw new SpirekitError('usage', `-${name} is of use only together with -callerSVID`);
    }
    return fromWorkloadApi(context);
  }
  for (const name of ['workloadSocket', 'callerID'] as const) {
    if (flags[name] !== '') throw new SpirekitError('usage', `-${name} and -callerSVID name two SVIDs: give one`);
  }
  return fromFiles(context, server);
}

async function fromWorkloadApi(context: ServerContext): Promise<CallerIdentity> {
  const { flags, env, clock, signal } = context;
  const wanted = flags.callerID === '' ? undefined : within('-callerID', () => SpiffeId.parse(flags.callerID));
  const socketPath = flags.workloadSocket === '' ? DEFAULT_AGENT_SOCKET : flags.workloadSocket;
  const given = new Set(flags.workloadSocket === '' ? [] : ['socketPath']);
  // Everywhere as on the umbrella: there is no older behaviour to keep.
  const choice = { socketPath, instance: '', context: '' };
  await using client = new WorkloadApiClient(
    await chooseAgentTarget(choice, { env, given, program: 'spirekit', clock, signal }),
  );
  const fetched = client.fetchX509Svid({ signal, timeoutMs: WORKLOAD_API_TIMEOUT_MS });
  const { svids, bundles } = parseX509Context(await fetched.catch(adviseOnWorkloadApi));
  const svid = wanted === undefined ? svids[0] : svids.find(({ id }) => id.equals(wanted));
  if (svid === undefined) {
    throw new SpirekitError(
      'not-found',
      `the Workload API has no SVID ${wanted} for this process, only ${svids.map(({ id }) => id).join(', ')}`,
    );
  }
  return { svid, findBundle: (trustDomain) => bundles.get(trustDomain.name) };
}

function adviseOnWorkloadApi(cause: unknown): never {
  const error = prefixed('cannot take an SVID for -serverAddr from the Workload API', cause);
  const advice =
    error.code === 'permission-denied'
      ? 'An admin entry with selectors of this process gives it one; files do without an agent: -callerSVID.'
      : 'Name the socket of an agent by -workloadSocket, or take an SVID from files by -callerSVID.';
  throw new AdvisedError(error.code, error.message, advice, { cause });
}

async function fromFiles(context: ServerContext, server: TrustDomain | undefined): Promise<CallerIdentity> {
  const { signal, clock } = context;
  const paths = await filePaths(context.flags);
  const read = (path: string) => readInputFile(path, { signal, maxBytes: MAX_FILE_BYTES });
  const [svidPem, keyPem, bundleFile] = [await read(paths.svid), await read(paths.key), await read(paths.bundle)];
  const svid = within(paths.svid, () => parseX509SvidPem(svidPem, keyPem));
  const expiresMs = svid.certificates[0]?.notAfterMs ?? 0;
  if (expiresMs < clock.nowMs()) {
    throw new AdvisedError(
      'invalid-x509-svid',
      `${paths.svid}: the SVID of ${svid.id} has expired at ${new Date(expiresMs).toISOString()}`,
      'Make a new one where the server runs: `spirekit x509 mint --write FOLDER`.',
    );
  }
  const trustDomain = server ?? svid.id.trustDomain;
  const bundle = within(paths.bundle, () => parseBundle(trustDomain, bundleFile));
  return { svid, findBundle: (wanted) => (wanted.equals(trustDomain) ? bundle : undefined) };
}

interface FilePaths {
  readonly svid: string;
  readonly key: string;
  readonly bundle: string;
}

/** Folders hold what `x509 mint -write` or `api fetch x509 -write` left there. */
async function filePaths(flags: ServerContext['flags']): Promise<FilePaths> {
  const { callerSVID, callerKey, callerBundle } = flags;
  const isFolder = await stat(callerSVID).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    if (callerBundle === '')
      throw new SpirekitError('usage', '-callerSVID needs -callerBundle to verify the server with');
    return { svid: callerSVID, key: callerKey === '' ? callerSVID : callerKey, bundle: callerBundle };
  }
  const isMinted = await stat(join(callerSVID, 'svid.pem')).then(
    () => true,
    () => false,
  );
  const names = isMinted ? ['svid.pem', 'key.pem', 'bundle.pem'] : ['svid.0.pem', 'svid.0.key', 'bundle.0.pem'];
  const [svid = '', key = '', bundle = ''] = names.map((name) => join(callerSVID, name));
  return { svid, key: callerKey === '' ? key : callerKey, bundle: callerBundle === '' ? bundle : callerBundle };
}

function parseBundle(trustDomain: TrustDomain, bytes: Uint8Array): readonly Certificate[] {
  const isDocument = /^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
  const authorities = isDocument
    ? parseBundleDocument(trustDomain, bytes).x509Authorities
    : Certificate.parsePem(bytes);
  if (authorities.length > 0) return authorities;
  throw new SpirekitError('invalid-bundle', 'no certificates found');
}
