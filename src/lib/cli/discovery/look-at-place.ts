import { lstat, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { ioReason } from '../../runtime/io-reason.ts';
import type { Look, Place } from './place.ts';

/** A program that listens takes a connection at once, or its queue is full. */
const CONNECT_TIMEOUT_MS = 2000;

/** What an address of a unix socket holds on Linux, without the zero at its end. */
const MAX_PATH_BYTES = 107;

/** How long a look may take, and what ends it. */
export interface LookOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Looks whether something listens at a place, by connecting to it and hanging up.
 *
 * @throws SpirekitError `canceled` when the signal aborts
 */
export async function lookAtPlace(place: Place, options: LookOptions): Promise<Look> {
  const { signal } = options;
  signal.throwIfAborted();
  const reason = await findReason(place, options).catch((error: unknown) => {
    if (signal.aborted) throw SpirekitError.from(error);
    return ioReason(error);
  });
  return reason === undefined ? { place } : { place, reason };
}

async function findReason(place: Place, options: LookOptions): Promise<string | undefined> {
  if (Buffer.byteLength(place.path) > MAX_PATH_BYTES) return `longer than ${MAX_PATH_BYTES} bytes`;
  const found = await stat(place.path);
  if (!found.isSocket()) return 'is no socket';
  if (!place.isVouchedFor && !isTrusted(found.uid) && (await isOpenToAll(place.path))) {
    return `belongs to another user (uid ${found.uid}), in a folder that anybody can write to`;
  }
  await tryConnecting(place.path, options);
  return undefined;
}

function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

/** Whether anybody could have put something there: any folder above it lets all write, links included. */
async function isOpenToAll(path: string): Promise<boolean> {
  for (let at = dirname(path); ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o002) !== 0) return true;
    const entry = await lstat(at);
    if (entry.isSymbolicLink() && !isTrusted(entry.uid)) return true;
    if (at === dirname(at)) return false;
  }
}

function tryConnecting(path: string, { clock, signal }: LookOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const finish = (error?: unknown): void => {
      signal.removeEventListener('abort', stop);
      giveUp();
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    const stop = (): void => finish(signal.reason);
    const giveUp = clock.schedule(CONNECT_TIMEOUT_MS, () =>
      finish(new SpirekitError('deadline-exceeded', 'takes no connection')),
    );
    signal.addEventListener('abort', stop, { once: true });
    socket.once('connect', () => finish());
    socket.once('error', finish);
  });
}
