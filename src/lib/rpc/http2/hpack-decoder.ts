import { Http2Error } from './http2-error.ts';
import { decodeHuffman } from './huffman.ts';

/** A header field; names in lower case, pseudo-headers with their colon. */
export type HeaderField = readonly [name: string, value: string];

/** RFC 7541, appendix A: names with the values that some of them have, from index 1 on. */
const STATIC_TABLE: readonly HeaderField[] = (
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|' +
  ':status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|' +
  'accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|' +
  'content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|' +
  'cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|' +
  'last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|' +
  'server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate'
)
  .split('|')
  .map((field) => {
    const [name = '', value = ''] = field.split('=');
    return [name, value];
  });

/** What an entry costs in the table beside its octets. RFC 7541, section 4.1. */
const ENTRY_OVERHEAD = 32;

/** The table size that both sides begin with, and which this side never raises. */
const TABLE_BYTES = 4096;

/** The most that one block of header fields may come to, counted as the table counts. */
const MAX_LIST_BYTES = 64 * 1024;

/** Decodes the header blocks of one direction of a connection, in their order. RFC 7541. */
export class HpackDecoder {
  readonly #dynamic: HeaderField[] = [];
  #dynamicBytes = 0;
  #limit = TABLE_BYTES;

  /** The fields of a whole block. Throws {@link Http2Error}; the decoder is then of no more use. */
  decode(block: Uint8Array): HeaderField[] {
    const reader = new BlockReader(block);
    const fields: HeaderField[] = [];
    let listBytes = 0;
    while (!reader.atEnd) {
      const field = this.#readField(reader, fields.length === 0);
      if (field === undefined) continue;
      listBytes += sizeOf(field);
      if (listBytes > MAX_LIST_BYTES) throw new Http2Error('enhance-your-calm', 'header list too large');
      fields.push(field);
    }
    return fields;
  }

  #readField(reader: BlockReader, mayResize: boolean): HeaderField | undefined {
    const first = reader.peek();
    if ((first & 0x80) !== 0) return this.#entry(reader.integer(7));
    if ((first & 0xc0) === 0x40) {
      const field = this.#literal(reader, reader.integer(6));
      this.#add(field);
      return field;
    }
    if ((first & 0xe0) === 0x20) {
      const size = reader.integer(5);
      if (!mayResize || size > TABLE_BYTES) throw new Http2Error('compression', 'invalid table size update');
      this.#limit = size;
      this.#evict();
      return undefined;
    }
    return this.#literal(reader, reader.integer(4));
  }

  #literal(reader: BlockReader, nameIndex: number): HeaderField {
    const name = nameIndex === 0 ? reader.string() : this.#entry(nameIndex)[0];
    return [name, reader.string()];
  }

  #entry(index: number): HeaderField {
    const field =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#dynamic[index - STATIC_TABLE.length - 1];
    if (field === undefined) throw new Http2Error('compression', 'invalid header index');
    return field;
  }

  #add(field: HeaderField): void {
    this.#dynamic.unshift(field);
    this.#dynamicBytes += sizeOf(field);
    this.#evict();
  }

  #evict(): void {
    while (this.#dynamicBytes > this.#limit) {
      const oldest = this.#dynamic.pop();
      if (oldest === undefined) break;
      this.#dynamicBytes -= sizeOf(oldest);
    }
  }
}

function sizeOf([name, value]: HeaderField): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** Reads the primitive types of RFC 7541, section 5. */
class BlockReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Http2Error('compression', 'truncated header block');
    return byte;
  }

  /** An integer whose first byte has this many bits left for it. At most 28 bits follow: more is never honest. */
  integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.peek() & mask;
    this.#at += 1;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.peek();
      this.#at += 1;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw new Http2Error('compression', 'integer too large');
  }

  string(): string {
    const isHuffman = (this.peek() & 0x80) !== 0;
    const length = this.integer(7);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Http2Error('compression', 'truncated header block');
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return isHuffman
      ? decodeHuffman(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }
}
