import { connect } from 'node:net';
import { agentAdminClient } from '../client/agent-admin-client.ts';
import { Certificate } from '../crypto/certificate.ts';
import { RpcClient, type RpcTarget } from '../rpc/client.ts';
import { PeerCredentialReader } from '../rpc/peer-credentials.ts';
import { RpcError } from '../rpc/status.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import type { X509SVID } from '../wire/gen/workload.ts';
import { WorkloadApiClient } from '../workloadapi/client.ts';
import type { AgentAnswer, GivenIdentity } from './facts.ts';
import { idText } from './known-entry.ts';

/** How long one call may take, and what ends it. */
export interface CallOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** More identities of one process are not looked at. */
const MOST_IDENTITIES = 1_000;

/** Asks a Workload API who this process is. Rejects only when the signal aborts. */
export async function askAgent(target: RpcTarget, options: CallOptions): Promise<AgentAnswer> {
  await using client = new WorkloadApiClient(target);
  try {
    const { svids } = await client.fetchX509Svid(options);
    return { kind: 'identities', identities: svids.slice(0, MOST_IDENTITIES).map(readIdentity) };
  } catch (error) {
    options.signal.throwIfAborted();
    return describeRefusal(error);
  }
}

function readIdentity({ spiffeId, hint, x509Svid }: X509SVID): GivenIdentity {
  try {
    const [leaf] = Certificate.parseAll(x509Svid);
    return { spiffeId, hint, notBeforeMs: leaf?.notBeforeMs, expiresAtMs: leaf?.notAfterMs };
  } catch {
    return { spiffeId, hint, notBeforeMs: undefined, expiresAtMs: undefined };
  }
}

function describeRefusal(error: unknown): AgentAnswer {
  const { code } = SpirekitError.from(error);
  const description = describeFailedCall(error);
  switch (code) {
    case 'permission-denied':
      return { kind: 'no identity', description };
    case 'unimplemented':
      return { kind: 'other program', description };
    case 'deadline-exceeded':
      return { kind: 'silent', description };
    case 'unavailable':
      return { kind: dialFailure(error, description), description };
    default:
      return { kind: 'failed', description };
  }
}

/** What a call failed with, without the frames that Go's gRPC puts around it. */
export function describeFailedCall(error: unknown): string {
  if (!(error instanceof RpcError)) return SpirekitError.from(error).message;
  const isDialling = error.description.includes('transport: Error while dialing');
  return isDialling && error.cause !== undefined ? `cannot connect: ${ioReason(error.cause)}` : error.description;
}

function dialFailure(
  error: unknown,
  description: string,
): 'absent' | 'deserted' | 'not permitted' | 'other program' | 'not ready' {
  const errno = error instanceof Error ? errnoOf(error.cause) : undefined;
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'absent';
    case 'ECONNREFUSED':
      return 'deserted';
    case 'EACCES':
    case 'EPERM':
      return 'not permitted';
    default:
      return description.startsWith('connection error') ? 'other program' : 'not ready';
  }
}

/** The process that listens on a unix socket, in this pid namespace; undefined where that cannot be told. */
export async function findListener(
  target: RpcTarget,
  { signal }: Pick<CallOptions, 'signal'>,
): Promise<number | undefined> {
  if (target.kind !== 'unix') return undefined;
  try {
    const reader = await PeerCredentialReader.open();
    const pid = await new Promise<number>((resolve, reject) => {
      const socket = connect({ path: target.path, signal });
      socket.on('error', reject);
      socket.on('connect', () => {
        try {
          resolve(reader.read(socket).pid);
        } catch (error) {
          reject(error);
        }
        socket.destroy();
      });
    });
    return pid > 0 ? pid : undefined;
  } catch {
    signal.throwIfAborted();
    // A system without peer credentials, or nobody listens: what asks the agent says so.
    return undefined;
  }
}

/** What an agent tells of itself on its admin socket. */
export interface AgentInfo {
  readonly id: string | undefined;
  /** Milliseconds since the Unix epoch; 0 if never. */
  readonly lastSyncMs: number;
}

/** Asks an agent's admin socket; undefined where there is none, or this user may not. */
export async function askAdminSocket(target: RpcTarget, options: CallOptions): Promise<AgentInfo | undefined> {
  await using rpc = new RpcClient(target);
  try {
    const info = await agentAdminClient(rpc).debug.getInfo({}, options);
    const id = info.svidChain[0]?.id;
    return { id: id === undefined ? undefined : idText(id), lastSyncMs: Number(info.lastSyncSuccess) * 1000 };
  } catch {
    options.signal.throwIfAborted();
    return undefined;
  }
}
