import { goQuote } from '../runtime/go-quote.ts';
import { RpcCode, RpcError } from './status.ts';
import type { RpcTarget } from './target.ts';

/** What the C library says for the error numbers a connect can end with; Go prints these. */
const ERRNO_TEXT: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EAGAIN: 'resource temporarily unavailable',
  ECONNABORTED: 'software caused connection abort',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTDOWN: 'host is down',
  EHOSTUNREACH: 'no route to host',
  EINVAL: 'invalid argument',
  ELOOP: 'too many levels of symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'file name too long',
  ENETDOWN: 'network is down',
  ENETUNREACH: 'network is unreachable',
  ENFILE: 'too many open files in system',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ENOTSOCK: 'socket operation on non-socket',
  EPERM: 'operation not permitted',
  EPIPE: 'broken pipe',
  EPROTOTYPE: 'protocol wrong type for socket',
  ETIMEDOUT: 'connection timed out',
};

/** `sockaddr_un` holds 108 bytes, one of them the final zero. */
const LONGEST_UNIX_PATH_BYTES = 107;

/** Go's text for a system error: the words of its error number, or Node's message if it has none. */
export function systemErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return ERRNO_TEXT[code] ?? error.message;
}

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
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOTFOUND' && target.kind === 'tcp') {
    return connectionError(`${prefix} tcp: lookup ${target.host}: no such host`, error);
  }
  const step = code === 'EMFILE' || code === 'ENFILE' ? 'socket' : 'connect';
  return connectionError(`${prefix} ${formatAddress(target)}: ${step}: ${systemErrorText(error)}`, error);
}

/** Refuses, as the kernel would, a path that no unix socket can have; Node would cut it short or say something else. */
export function findUnixPathError(target: RpcTarget): RpcError | undefined {
  if (target.kind !== 'unix' || Buffer.byteLength(target.path) <= LONGEST_UNIX_PATH_BYTES) return undefined;
  return dialError(target, Object.assign(new Error('the path is too long for a unix socket'), { code: 'EINVAL' }));
}
