import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { ioReason } from '../../runtime/io-reason.ts';
import { ConfigError } from '../config-error.ts';

/**
 * Makes sure that an external plugin's program could be started: it is there, it may be executed, and it is the one
 * whose checksum is configured. It is not started.
 *
 * @param path absolute
 * @param checksum SHA-256 in hexadecimal
 * @throws {ConfigError} code `invalid-config`
 */
export async function checkPluginProgram(
  path: string,
  checksum: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (checksum !== undefined) await (await openVerifiedProgram(path, checksum, signal)).close();
  try {
    const isFile = (await stat(path)).isFile();
    if (!isFile) throw new ConfigError(`failed to launch plugin: fork/exec ${path}: permission denied`);
    await access(path, constants.X_OK);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`failed to launch plugin: fork/exec ${path}: ${ioReason(cause)}`, { cause });
  }
}

function decodeChecksum(text: string): Buffer {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new ConfigError('checksum is not a valid hex string');
  if (text.length !== 64) throw new ConfigError(`expected checksum of length 64; got ${text.length}`);
  return Buffer.from(text, 'hex');
}

/**
 * Opens a program whose content has the checksum: what is started by the file that is returned is what was looked at,
 * whatever stands at the path by then. The caller closes it.
 *
 * @param path absolute
 * @param checksum SHA-256 in hexadecimal
 * @throws {ConfigError} code `invalid-config`, in SPIRE's words
 */
export async function openVerifiedProgram(
  path: string,
  checksum: string,
  signal: AbortSignal | undefined,
): Promise<FileHandle> {
  const expected = decodeChecksum(checksum);
  let file: FileHandle | undefined;
  try {
    // A pipe in its place would otherwise be waited for.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw new ConfigError('it is no file');
    const hash = createHash('sha256');
    await pipeline(file.createReadStream({ autoClose: false, start: 0 }), hash, signal === undefined ? {} : { signal });
    if (!hash.digest().equals(expected)) throw new ChecksumMismatch('failed to launch plugin: checksums did not match');
    return file;
  } catch (cause) {
    await file?.close();
    if (signal?.aborted === true || cause instanceof ChecksumMismatch) throw cause;
    const reason = `open ${path}: ${ioReason(cause)}`;
    throw new ConfigError(`failed to launch plugin: error verifying checksum: ${reason}`, { cause });
  }
}

class ChecksumMismatch extends ConfigError {}
