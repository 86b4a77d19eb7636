import { goQuote } from '../runtime/go-quote.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { RpcCode, RpcError } from './status.ts';
import type { RpcTarget } from './target.ts';

/** `sockaddr_un` holds 108 bytes, one of them the final zero. */
const LONGEST_UNIX_PATH_BYTES = 107;

/** How Go writes the address in dial errors. */
function formatAddress(target: RpcTarget): string {
  if (target.kind === 'unix') return `unix ${target.errorAddress ?? target.path}`;
  return `tcp ${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
}

/** `Unavailable`, in the words of Go's clients: `connection error: desc = "..."`. */
export function connectionError(text: string, cause?: unknown): RpcError {
  return new RpcError(RpcCode.unavailable, `connection error: desc = ${goQuote(text)}`, { cause });
}

/** The failure to open a socket to the target. */
export function dialError(target: RpcTarget, error: unknown): RpcError {
  const prefix = 'transport: Error while dialing: dial';
  const code = errnoOf(error);
  if (code === 'ENOTFOUND' && target.kind === 'tcp') {
    return connectionError(`${prefix} tcp: lookup ${target.host}: no such host`, error);
  }
  const step = code === 'EMFILE' || code === 'ENFILE' ? 'socket' : 'connect';
  return connectionError(`${prefix} ${formatAddress(target)}: ${step}: ${ioReason(error)}`, error);
}

/** Refuses, as the kernel would, a path that no unix socket can have; Node would cut it short or say something else. */
export function findUnixPathError(target: RpcTarget): RpcError | undefined {
  if (target.kind !== 'unix' || Buffer.byteLength(target.path) <= LONGEST_UNIX_PATH_BYTES) return undefined;
  return dialError(target, Object.assign(new Error('the path is too long for a unix socket'), { code: 'EINVAL' }));
}
