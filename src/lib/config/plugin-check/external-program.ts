import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
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
  if (checksum !== undefined) await checkChecksum(path, decodeChecksum(checksum), signal);
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

async function checkChecksum(path: string, expected: Buffer, signal: AbortSignal | undefined): Promise<void> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash, signal === undefined ? {} : { signal });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    const reason = `open ${path}: ${ioReason(cause)}`;
    throw new ConfigError(`failed to launch plugin: error verifying checksum: ${reason}`, { cause });
  }
  if (!hash.digest().equals(expected)) throw new ConfigError('failed to launch plugin: checksums did not match');
}
