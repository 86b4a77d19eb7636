import { open } from 'node:fs/promises';
import { SpirekitError } from './errors.ts';
import { errnoOf } from './io-reason.ts';

/** The permission bits of such a file: for its owner alone. */
export const PRIVATE_FILE_MODE = 0o600;

/** What a daemon keeps in such a file takes some kilobytes; anything near this is no file of ours. */
const LARGEST_FILE_BYTES = 4 * 1024 * 1024;

/**
 * The text of a file that only its owner may read; undefined if there is none. One that others may read is narrowed
 * first, since SPIRE keeps the mode that it finds.
 *
 * Errors: `data-loss` for a file too large to be ours, `io-error` for one that cannot be read.
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    const { mode, size } = await file.stat();
    if (size > LARGEST_FILE_BYTES) throw new SpirekitError('data-loss', `${path} is too large`);
    if ((mode & 0o077) !== 0) await file.chmod(PRIVATE_FILE_MODE);
    return await file.readFile('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw SpirekitError.from(error);
  }
}
