import { chmod, open } from 'node:fs/promises';
import { SpirekitError } from '../../runtime/errors.ts';

/** What an agent keeps takes a few kilobytes; anything near this is no file of ours. */
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
    if ((mode & 0o077) !== 0) await chmod(path, 0o600);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw SpirekitError.from(error);
  }
}
