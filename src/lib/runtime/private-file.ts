import { constants, type FileHandle, open } from 'node:fs/promises';
import { SpirekitError } from './errors.ts';
import { errnoOf, ioReason } from './io-reason.ts';

/** The permission bits of such a file: for its owner alone. */
export const PRIVATE_FILE_MODE = 0o600;

/** What a daemon keeps in such a file takes some kilobytes; anything near this is no file of ours. */
const LARGEST_FILE_BYTES = 4 * 1024 * 1024;

/**
 * The text of a file that only its owner may read; undefined if there is none. One that others may read is narrowed
 * first, since SPIRE keeps the mode that it finds.
 *
 * Errors: `data-loss` for something that cannot be ours (no regular file, or too large), `failed-precondition` for a
 * file of another user, who could have written anything into it, `io-error` for one that cannot be read.
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    // Not to wait for somebody to write, if it is a FIFO.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) throw new SpirekitError('data-loss', `${path} is not a regular file`);
    if (status.size > LARGEST_FILE_BYTES) throw new SpirekitError('data-loss', `${path} is too large`);
    refuseForeignOwner(path, status.uid);
    if ((status.mode & 0o077) !== 0) await narrow(file, path);
    return await file.readFile('utf8');
  } catch (cause) {
    if (cause instanceof SpirekitError) throw cause;
    if (errnoOf(cause) === 'ENOENT') return undefined;
    const hint = errnoOf(cause) === 'EACCES' ? `; it must belong to uid ${ownUid()}, which runs this program` : '';
    throw new SpirekitError('io-error', `open ${path}: ${ioReason(cause)}${hint}`, { cause });
  }
}

/** Root could do anything here without us; what root left is as good as our own. */
function refuseForeignOwner(path: string, uid: number): void {
  if (uid === ownUid() || uid === 0) return;
  throw new SpirekitError(
    'failed-precondition',
    `${path} belongs to another user (uid ${uid}), who could have changed it: give it to uid ${ownUid()} by chown, or move it away`,
  );
}

async function narrow(file: FileHandle, path: string): Promise<void> {
  try {
    await file.chmod(PRIVATE_FILE_MODE);
  } catch (cause) {
    throw new SpirekitError('io-error', `${path} can be read by others, and its mode cannot be changed`, { cause });
  }
}

function ownUid(): number {
  return process.geteuid?.() ?? 0;
}
