import { chmodSync, closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, resolve } from 'node:path';
import { SpirekitError } from '../runtime/errors.ts';
import { errnoOf } from '../runtime/io-reason.ts';
import { BACKLOG } from './connection-limit.ts';

/** `sockaddr_un` holds 108 bytes, one of them the final zero. */
const LONGEST_PATH_BYTES = 107;

/**
 * Makes the path ready to be bound: makes its directory if told to, and removes the socket file of a server that is no
 * more. Rejects with `invalid-argument` for a path no socket can have, `already-exists` if somebody listens there or
 * the file is no socket, `io-error` otherwise.
 */
export async function prepareSocketPath(
  path: string,
  options: { dirMode?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST_PATH_BYTES) {
    throw new SpirekitError(
      'invalid-argument',
      `the path of the unix socket has ${bytes} bytes, but at most ${LONGEST_PATH_BYTES} are possible: ${path}`,
    );
  }
  if (path.includes('\0')) throw new SpirekitError('invalid-argument', 'the path of the unix socket has a zero byte');
  if (options.dirMode !== undefined) makeDirectory(dirname(path), options.dirMode);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new SpirekitError('already-exists', `${path} exists and is not a socket`);
  if (await isListenedOn(path, options.signal)) {
    throw new SpirekitError('already-exists', `listen unix ${path}: bind: address already in use`);
  }
  unlinkSync(path);
}

/**
 * Binds the server, so that the socket file has this mode in the end and never a wider one before. The umask of the
 * process, which other threads share, is only ever narrowed, and only for the length of one synchronous call.
 */
export function bindWithMode(server: Server, path: string, mode: number): void {
  const umask = process.umask(0o777);
  process.umask(umask | (~mode & 0o777));
  try {
    server.listen({ path, backlog: BACKLOG });
  } finally {
    process.umask(umask);
  }
  // A failure to bind is told by an event; there is nothing to open up then.
  if (server.listening) openUp(path, mode);
}

/** `O_PATH` of open(2): takes hold of a file of any kind without opening it. Node has no name for it. */
const O_PATH = 0o10000000;

/**
 * Gives the socket file its mode. Who may write its directory can put something else in its place at any moment: what is
 * found there is held first, looked at, and changed only if it is a socket of this user, never what a link leads to.
 */
function openUp(path: string, mode: number): void {
  const held = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const found = fstatSync(held);
    if (!found.isSocket() || found.uid !== process.geteuid?.()) {
      throw new SpirekitError('permission-denied', `${path} was replaced by another user while it was bound`);
    }
    chmodSync(`/proc/self/fd/${held}`, mode);
  } finally {
    closeSync(held);
  }
}

/** Makes what is missing of the directory, each part with the given mode whatever the umask. */
function makeDirectory(path: string, mode: number): void {
  try {
    const first = mkdirSync(path, { recursive: true, mode: mode & 0o700 });
    if (first === undefined) return;
    let made = resolve(path);
    while (made.length >= resolve(first).length) {
      chmodSync(made, mode);
      made = dirname(made);
    }
  } catch (error) {
    throw SpirekitError.from(error);
  }
}

/** Whether a process accepts connections there. One that we may not connect to counts as such. */
function isListenedOn(path: string, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((answer, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const socket = connect(path);
    const settle = (finish: () => void): void => {
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      finish();
    };
    const onAbort = (): void => settle(() => reject(signal?.reason));
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => settle(() => answer(true)));
    socket.once('error', (error) => {
      const code = errnoOf(error);
      settle(() => answer(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
    });
  });
}
