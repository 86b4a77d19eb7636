import { goQuote } from '../runtime/go-quote.ts';
import { RpcCode, RpcError } from './status.ts';

/** One byte of flags and four of length before every message, as in "Length-Prefixed-Message" of gRPC over HTTP/2. */
const PREFIX_BYTES = 5;

/** Puts the gRPC prefix before a message. Nothing here ever compresses. */
export function encodeFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  frame[0] = 0;
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/**
 * Cuts a stream of bytes into messages. Holds at most one unfinished message and never more bytes than have arrived: a
 * length alone makes it allocate nothing.
 */
export class FrameDecoder {
  readonly #maxBytes: number;
  readonly #encoding: () => string;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** The length of the message under way, once its prefix is complete. */
  #expected: number | undefined;

  /**
   * @param maxBytes the largest message to accept
   * @param encoding the peer's `grpc-encoding`, for the text of the error about a compressed message
   */
  constructor(maxBytes: number, encoding: () => string = () => '') {
    this.#maxBytes = maxBytes;
    this.#encoding = encoding;
  }

  /** True if a message has begun and not ended. */
  get isInMessage(): boolean {
    return this.#buffered > 0 || this.#expected !== undefined;
  }

  /**
   * Takes the next bytes and gives the messages they complete; to be walked to its end. Throws {@link RpcError}: `ResourceExhausted` for a
   * message over the limit, `Internal` for a compressed one or an unknown flag byte. Not to be used after it threw.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    this.#chunks.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#buffered += chunk.byteLength;
    while (true) {
      if (this.#expected === undefined) {
        if (this.#buffered < PREFIX_BYTES) return;
        this.#expected = this.#readPrefix(this.#take(PREFIX_BYTES));
      }
      if (this.#buffered < this.#expected) return;
      const message = this.#take(this.#expected);
      this.#expected = undefined;
      yield message;
    }
  }

  #readPrefix(prefix: Buffer): number {
    const length = prefix.readUInt32BE(1);
    if (length > this.#maxBytes) {
      throw new RpcError(
        RpcCode.resourceExhausted,
        `grpc: received message larger than max (${length} vs. ${this.#maxBytes})`,
      );
    }
    const flags = prefix[0];
    if (flags === 0) return length;
    if (flags !== 1) throw new RpcError(RpcCode.internal, `grpc: received unexpected payload format ${flags}`);
    const encoding = this.#encoding();
    throw new RpcError(
      RpcCode.internal,
      encoding === '' || encoding === 'identity'
        ? 'grpc: compressed flag set with identity or empty encoding'
        : `grpc: Decompressor is not installed for grpc-encoding ${goQuote(encoding)}`,
    );
  }

  /** Removes exactly that many buffered bytes; without copying if one chunk holds them all. */
  #take(length: number): Buffer {
    this.#buffered -= length;
    const first = this.#chunks[0];
    if (first !== undefined && first.byteLength >= length) {
      if (first.byteLength === length) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const all = Buffer.concat(this.#chunks);
    this.#chunks = all.byteLength > length ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}
