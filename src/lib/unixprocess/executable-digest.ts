import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { SpirekitError } from '../runtime/errors.ts';

/**
 * The SHA-256 of a file in hexadecimal.
 *
 * @param sizeLimitBytes the largest file that is read; 0 means any
 * @throws {SpirekitError} `internal` when the file is larger or cannot be read, `canceled` when the signal aborts
 */
export async function sha256OfFile(
  path: string,
  sizeLimitBytes: number,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (sizeLimitBytes > 0 && size > sizeLimitBytes) {
      throw new SpirekitError('internal', `workload ${path} exceeds size limit (${size} > ${sizeLimitBytes})`);
    }
    const hash = createHash('sha256');
    // One byte past what was there at first: a file that grows while it is read is not read for ever.
    for await (const part of file.createReadStream({ end: size, highWaterMark: 1024 * 1024, autoClose: false })) {
      options.signal?.throwIfAborted();
      hash.update(part);
    }
    return hash.digest('hex');
  } catch (cause) {
    const error = SpirekitError.from(cause);
    if (error.code === 'canceled' || error.code === 'deadline-exceeded') throw error;
    throw new SpirekitError('internal', `SHA256 digest: ${error.message}`, { cause });
  }
}
