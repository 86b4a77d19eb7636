import { CryptoError } from '../crypto-error.ts';
import { decodeOid } from './oid.ts';
import { Tag } from './tags.ts';
import { decodeTime } from './time.ts';

/** One value with its identifier octet. */
export interface DerElement {
  readonly tag: number;
  readonly contents: Uint8Array;
}

/**
 * Reads the values of a DER encoding (X.690 section 10) one after the other and refuses what only BER allows:
 * indefinite or padded lengths, padded integers, booleans other than 00 and FF. Nothing is copied: results are views
 * on the input. It never recurses; how deep to go is up to the caller.
 *
 * @throws CryptoError `invalid-encoding` from every method
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The identifier octet of the next value; undefined at the end. */
  peekTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** Throws if anything is left: DER has no room for unread bytes. */
  end(): void {
    if (!this.isAtEnd) throw malformed('trailing data');
  }

  /** Any value. */
  readAny(): DerElement {
    const start = this.#at;
    const contentsStart = this.#readHeader();
    return { tag: this.#bytes[start] ?? 0, contents: this.#bytes.subarray(contentsStart, this.#at) };
  }

  /** The contents of a value that must have this tag. */
  read(tag: number): Uint8Array {
    this.#expect(tag);
    return this.#bytes.subarray(this.#readHeader(), this.#at);
  }

  /** A value that must have this tag, with its identifier and length octets. */
  readElement(tag: number): Uint8Array {
    this.#expect(tag);
    const start = this.#at;
    this.#readHeader();
    return this.#bytes.subarray(start, this.#at);
  }

  /** A reader over the contents of a constructed value. */
  readInto(tag: number): DerReader {
    return new DerReader(this.read(tag));
  }

  readSequence(): DerReader {
    return this.readInto(Tag.sequence);
  }

  /** The contents of the next value if it has this tag, else undefined and nothing is consumed. */
  readOptional(tag: number): Uint8Array | undefined {
    return this.peekTag() === tag ? this.read(tag) : undefined;
  }

  readBoolean(): boolean {
    const contents = this.read(Tag.boolean);
    if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff)) throw malformed('boolean');
    return contents[0] === 0xff;
  }

  readInteger(): bigint {
    const contents = this.read(Tag.integer);
    const [first, second] = contents;
    if (first === undefined) throw malformed('empty integer');
    if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      throw malformed('padded integer');
    }
    const unsigned = BigInt(`0x${toBuffer(contents).toString('hex')}`);
    return first < 0x80 ? unsigned : unsigned - (1n << BigInt(contents.length * 8));
  }

  /** A non-negative integer that fits in 31 bits. */
  readSmallInteger(): number {
    const value = this.readInteger();
    if (value < 0n || value > 0x7fffffffn) throw malformed('integer out of range');
    return Number(value);
  }

  /** Dotted form. */
  readOid(): string {
    return decodeOid(this.read(Tag.objectIdentifier));
  }

  readOctetString(): Uint8Array {
    return this.read(Tag.octetString);
  }

  /** A bit string with its number of unused bits (0 to 7), which must be zero bits. */
  readBitString(): { readonly bytes: Uint8Array; readonly unusedBits: number } {
    const contents = this.read(Tag.bitString);
    const unusedBits = contents[0];
    if (unusedBits === undefined || unusedBits > 7) throw malformed('bit string');
    const last = contents.length === 1 ? undefined : contents.at(-1);
    if (unusedBits > 0 && (last === undefined || (last & ((1 << unusedBits) - 1)) !== 0)) throw malformed('bit string');
    return { bytes: contents.subarray(1), unusedBits };
  }

  /** A bit string that holds whole octets. */
  readOctetBitString(): Uint8Array {
    const { bytes, unusedBits } = this.readBitString();
    if (unusedBits !== 0) throw malformed('bit string of odd length');
    return bytes;
  }

  /** A UTCTime or GeneralizedTime in the forms of RFC 5280 section 4.1.2.5, in milliseconds since the Unix epoch. */
  readTime(): number {
    const { tag, contents } = this.readAny();
    return decodeTime(tag, toBuffer(contents).toString('latin1'));
  }

  #expect(tag: number): void {
    if (this.#bytes[this.#at] !== tag) throw malformed(`expected tag ${hex(tag)}, got ${hex(this.peekTag())}`);
  }

  /** Moves behind the next value; returns where its contents start. */
  #readHeader(): number {
    const bytes = this.#bytes;
    const tag = bytes[this.#at];
    const first = bytes[this.#at + 1];
    if (tag === undefined || first === undefined) throw malformed('cut short');
    if ((tag & 0x1f) === 0x1f) throw malformed('tag number over 30');
    let length = first;
    let contentsStart = this.#at + 2;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0) throw malformed('indefinite length');
      if (count > 4) throw malformed('length out of range');
      length = 0;
      for (let i = 0; i < count; i++) {
        const octet = bytes[contentsStart + i];
        if (octet === undefined) throw malformed('cut short');
        length = length * 256 + octet;
      }
      if (length < 0x80 || length < 256 ** (count - 1)) throw malformed('padded length');
      contentsStart += count;
    }
    if (length > bytes.length - contentsStart) throw malformed('cut short');
    this.#at = contentsStart + length;
    return contentsStart;
  }
}

/** The same memory as a Buffer. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hex(tag: number | undefined): string {
  return tag === undefined ? 'none' : `0x${tag.toString(16).padStart(2, '0')}`;
}

function malformed(what: string): CryptoError {
  return new CryptoError('invalid-encoding', `malformed DER: ${what}`);
}
