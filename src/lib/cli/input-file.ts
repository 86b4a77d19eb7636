import { open } from 'node:fs/promises';
import { SpirekitError } from '../runtime/errors.ts';
import { ioReason } from '../runtime/io-reason.ts';

/** Files of data larger than this are refused: 10,000 entries have about 3 MiB. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

/** How input is read. */
export interface InputOptions {
  readonly signal?: AbortSignal | undefined;
  /** {@link MAX_INPUT_BYTES} unless told otherwise. */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads the file that a flag such as `-data` named; `-` is stdin.
 *
 * @throws SpirekitError `io-error`, `resource-exhausted`, as the two functions below
 */
export function readInput(path: string, stdin: NodeJS.ReadableStream, options?: InputOptions): Promise<Uint8Array> {
  return path === '-' ? readInputStream(stdin, options) : readInputFile(path, options);
}

/** What messages call the input that a flag named. */
export function inputName(path: string): string {
  return path === '-' ? 'stdin' : path;
}

/**
 * Reads a file as a whole.
 *
 * @throws SpirekitError `io-error` in Go's words (`open data.json: no such file or directory`), `resource-exhausted`
 *   beyond the limit
 */
export async function readInputFile(path: string, options: InputOptions = {}): Promise<Uint8Array> {
  let stream: NodeJS.ReadableStream;
  try {
    stream = (await open(path, 'r')).createReadStream({ signal: options.signal });
  } catch (cause) {
    throw new SpirekitError('io-error', `open ${path}: ${ioReason(cause)}`, { cause });
  }
  try {
    return await readInputStream(stream, options);
  } catch (cause) {
    if (cause instanceof SpirekitError) throw cause;
    throw new SpirekitError('io-error', `read ${path}: ${ioReason(cause)}`, { cause });
  }
}

/**
 * Reads a stream to its end, as `-data -` does with stdin.
 *
 * @throws SpirekitError `resource-exhausted` beyond the limit
 */
export async function readInputStream(stream: NodeJS.ReadableStream, options: InputOptions = {}): Promise<Uint8Array> {
  const { signal, maxBytes = MAX_INPUT_BYTES } = options;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxBytes) throw new SpirekitError('resource-exhausted', `the data is larger than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
