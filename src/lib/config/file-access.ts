import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { ConfigError } from './config-error.ts';

/**
 * Reads a small file as bytes.
 *
 * @param shownPath the path that error messages name
 * @throws {ConfigError} code `invalid-config`, as Go words it: `open PATH: no such file or directory`
 */
export async function readSmallFile(
  path: string,
  shownPath: string,
  options: { readonly limit: number; readonly signal?: AbortSignal | undefined },
): Promise<Uint8Array> {
  let operation = 'open';
  if (shownPath === '') throw new ConfigError('open : no such file or directory');
  try {
    await using file = await open(path, 'r');
    operation = 'read';
    if ((await file.stat()).isDirectory()) throw new ConfigError(`read ${shownPath}: is a directory`);
    const buffer = new Uint8Array(options.limit + 1);
    let length = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (length > options.limit) throw new ConfigError(`read ${shownPath}: larger than ${options.limit} bytes`);
      if (bytesRead === 0) return buffer.slice(0, length);
    }
  } catch (cause) {
    if (cause instanceof ConfigError || options.signal?.aborted === true) throw cause;
    throw new ConfigError(`${operation} ${shownPath}: ${ioReason(cause)}`, { cause });
  }
}

/**
 * Makes sure that a file could be opened for writing, without creating it.
 *
 * @throws {ConfigError} code `invalid-config`, as Go words it
 */
export async function checkWritable(path: string, shownPath: string): Promise<void> {
  try {
    const isDirectory = (await stat(path)).isDirectory();
    if (isDirectory) throw new ConfigError(`open ${shownPath}: is a directory`);
    await access(path, constants.W_OK);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    if (errnoOf(cause) !== 'ENOENT') throw openError(shownPath, cause);
    await access(dirname(path), constants.W_OK).catch((error: unknown) => {
      throw openError(shownPath, error);
    });
  }
}

function openError(shownPath: string, cause: unknown): ConfigError {
  return new ConfigError(`open ${shownPath}: ${ioReason(cause)}`, { cause });
}
