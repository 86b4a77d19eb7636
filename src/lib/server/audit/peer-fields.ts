import { readlinkSync } from 'node:fs';
import type { UnixPeer } from '../../rpc/call-context.ts';
import type { LogFields } from '../../runtime/log-fields.ts';

/** The process that calls; the path of one that ends meanwhile might be that of another one, so it is left out then. */
export function describePeer(peer: UnixPeer): LogFields {
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
