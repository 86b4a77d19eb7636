import { constants, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SpirekitError } from './errors.ts';
import { ioReason } from './io-reason.ts';

/**
 * Makes what was made, renamed or removed in a folder survive a power loss. Throws `io-error` in Go's words
 * (`sync PATH: input/output error`).
 */
export async function syncFolder(path: string): Promise<void> {
  try {
    await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await folder.sync();
  } catch (cause) {
    throw new SpirekitError('io-error', `sync ${path}: ${ioReason(cause)}`, { cause });
  }
}

/**
 * Makes a folder with its parents where they are missing, and makes them survive a power loss: what is kept safely in a
 * folder is lost with a folder that nobody's disk knows of. Throws `io-error`.
 *
 * @param mode permission bits of what is made; the umask narrows them
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  let first: string | undefined;
  try {
    first = await mkdir(path, { recursive: true, mode });
  } catch (cause) {
    throw SpirekitError.from(cause);
  }
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let made = resolve(path); made !== top; made = dirname(made)) await syncFolder(dirname(made));
}
