import type { HeaderField } from './hpack-decoder.ts';

/** Literal without indexing, new name (RFC 7541, section 6.2.2): the simplest form, which every peer must read. */
const LITERAL = 0x00;

/** Encodes header fields without a table and without Huffman: short-lived connections gain nothing by either. */
export function encodeHeaders(fields: readonly HeaderField[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    const nameBytes = Buffer.from(name, 'latin1');
    const valueBytes = Buffer.from(value, 'latin1');
    parts.push(Buffer.of(LITERAL), encodeLength(nameBytes.length), nameBytes);
    parts.push(encodeLength(valueBytes.length), valueBytes);
  }
  return Buffer.concat(parts);
}

/** A string length with a seven-bit prefix and the Huffman bit unset. RFC 7541, section 5.1. */
function encodeLength(length: number): Buffer {
  if (length < 0x7f) return Buffer.of(length);
  const bytes = [0x7f];
  let rest = length - 0x7f;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
