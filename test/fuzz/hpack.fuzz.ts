import { encodeHeaders } from '../../src/lib/rpc/http2/header-encoder.ts';
import { type HeaderField, HpackDecoder } from '../../src/lib/rpc/http2/hpack-decoder.ts';
import { Http2Error } from '../../src/lib/rpc/http2/http2-error.ts';
import { decodeHuffman } from '../../src/lib/rpc/http2/huffman.ts';
import { encodeHuffman } from '../support/huffman-encoder.ts';

/** What a block may come to by RFC 9113's reckoning. */
const MAX_LIST_BYTES = 64 * 1024;
/** A byte of Huffman code holds at most so much. */
const SHORTEST_CODE_BITS = 5;

/**
 * Header blocks (one after the other, each behind its length) are read or refused; what is read is small, is the same
 * from our encoder, and does not depend on what else was decoded. Huffman codes have one spelling.
 */
export function target(bytes: Uint8Array): void {
  const decoder = new HpackDecoder();
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    const block = bytes.subarray(at + 1, at + 1 + length);
    at += 1 + length;
    const fields = read(() => decoder.decode(block));
    if (fields === undefined) break;
    checkFields(fields);
  }
  const text = read(() => decodeHuffman(bytes));
  if (text === undefined) return;
  if (text.length * SHORTEST_CODE_BITS > bytes.length * 8) throw new Error('more text than there are codes');
  if (Buffer.compare(encodeHuffman(text), bytes) !== 0) throw new Error('a second spelling of the same text');
}

function checkFields(fields: readonly HeaderField[]): void {
  const size = fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  if (size > MAX_LIST_BYTES) throw new Error('a list over the limit');
  const again = new HpackDecoder().decode(encodeHeaders(fields));
  if (JSON.stringify(again) !== JSON.stringify(fields)) throw new Error('fields changed by being written');
}

function read<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof Http2Error) return undefined;
    throw error;
  }
}
