import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SpirekitError } from './errors.ts';

/**
 * Replaces a file as a whole: readers and a crash see the old content or the new, never a part, and the file is never
 * wider open than `mode`, whatever the old one or the umask allowed. The content is on disk when the promise resolves.
 *
 * @param options.mode permission bits, such as `0o600`
 * @throws `io-error`; the old file is then as it was and nothing is left beside it
 */
export async function writeFileDurably(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode: number },
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    {
      await using file = await open(temporary, 'wx', options.mode & 0o600);
      await file.chmod(options.mode);
      await file.writeFile(content);
      await file.sync();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new SpirekitError('io-error', `unable to write ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  await using folder = await open(directory, 'r');
  await folder.sync();
}
