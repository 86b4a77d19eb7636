import { open } from 'node:fs/promises';
import { SpirekitError } from '../runtime/errors.ts';
import { ioReason } from '../runtime/io-reason.ts';

/** Larger files are refused unread: a bundle with 300 keys has 50 KiB. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;

/**
 * Reads a regular file as a whole, within {@link MAX_FILE_BYTES}.
 *
 * @throws SpirekitError `not-found`, `permission-denied`, `io-error`, `resource-exhausted`
 */
export async function loadFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    const found = await file.stat();
    if (!found.isFile()) throw new SpirekitError('io-error', `${path} is no regular file`);
    if (found.size > MAX_FILE_BYTES) throw tooLarge(path);
    signal?.throwIfAborted();
    const buffer = Buffer.alloc(found.size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
      // It has grown since; whoever wants it whole may ask again.
      if (length === buffer.length) throw new SpirekitError('io-error', `${path} changed while it was read`);
    }
  } catch (cause) {
    throw fileError(`open ${path}`, cause);
  }
}

/** Reads a stream to its end, within {@link MAX_FILE_BYTES}. @throws SpirekitError `resource-exhausted`, `io-error` */
export async function loadStream(name: string, stream: AsyncIterable<unknown>): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of stream) {
    const bytes =
      typeof part === 'string' ? Buffer.from(part) : part instanceof Uint8Array ? Buffer.from(part) : undefined;
    if (bytes === undefined) continue;
    length += bytes.length;
    if (length > MAX_FILE_BYTES) throw tooLarge(name);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** What the system says of a file, with a code that tells absent from forbidden. */
export function fileError(what: string, cause: unknown): SpirekitError {
  if (cause instanceof SpirekitError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const code = errno === 'ENOENT' ? 'not-found' : errno === 'EACCES' ? 'permission-denied' : 'io-error';
  return new SpirekitError(code, `${what}: ${ioReason(cause)}`, { cause });
}

function tooLarge(name: string): SpirekitError {
  return new SpirekitError('resource-exhausted', `${name} is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
}
