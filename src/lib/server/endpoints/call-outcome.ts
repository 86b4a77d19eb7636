import { readlinkSync } from 'node:fs';
import type { Interceptor, UnixPeer } from '../../rpc/call-context.ts';
import { RpcCode, rpcCodeName, rpcStatusOf } from '../../rpc/status.ts';
import type { LogFields } from '../../runtime/log-fields.ts';
import { callLogger } from '../authorization/call-logger.ts';

/** Writes how each call ended that failed, with the inner cause that its caller did not get to see. */
export const logFailedCalls: Interceptor = async (call, next) => {
  try {
    await next();
  } catch (error) {
    const { status, description } = rpcStatusOf(error);
    // Who hangs up is no failure of ours.
    if (status !== RpcCode.canceled) {
      const cause = error instanceof Error ? (error.cause ?? undefined) : error;
      const prefix = status === RpcCode.invalidArgument ? 'Invalid argument: ' : '';
      callLogger(call).error(`${prefix}${prefix === '' ? capitalize(description) : description}`, {
        ...(cause !== undefined && { error: cause }),
      });
    }
    throw error;
  }
};

/** Writes a line about every call that was let in (`audit_log_enabled`), under SPIRE's names. */
export const auditCalls: Interceptor = async (call, next) => {
  const { peer } = call;
  const log = callLogger(call).with({ type: 'audit', ...(peer.kind === 'unix' && describePeer(peer)) });
  try {
    await next();
  } catch (error) {
    const { status, description } = rpcStatusOf(error);
    log.info('API accessed', { status: 'error', status_code: rpcCodeName(status), status_message: description });
    throw error;
  }
  log.info('API accessed', { status: 'success' });
};

/** The path of a program that ends meanwhile might be that of another one, so it is left out then. */
function describePeer(peer: UnixPeer): LogFields {
  const path = findProgram(peer.pid);
  return {
    caller_uid: peer.uid,
    caller_gid: peer.gid,
    ...(path !== undefined && peer.isAlive() && { caller_path: path }),
  };
}

function findProgram(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

function capitalize(sentence: string): string {
  return `${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`;
}
