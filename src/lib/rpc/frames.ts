import { goQuote } from '../runtime/go-quote.ts';
import { RpcCode, RpcError } from './status.ts';

/** One byte of flags and four of length before every message, as in "Length-Prefixed-Message" of gRPC over HTTP/2. */
const PREFIX_BYTES = 5;

/**
 * Puts the gRPC prefix before a message. Nothing here ever compresses.
 *
 * @param laterBytes how much of the message comes after what is given here, which is then only its beginning
 */
export function encodeFrame(message: Uint8Array, laterBytes = 0): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.byteLength);
  frame[0] = 0;
  frame.writeUInt32BE(message.byteLength + laterBytes, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** What a {@link FrameDecoder} says of compressed messages, which it never takes. */
export interface FrameDecoderOptions {
  /** The peer's `grpc-encoding`, for the text of the error. */
  readonly encoding?: (() => string) | undefined;
  /** The status for a message in a compression that is not known: `Internal` by default, as in Go's clients. */
  readonly onCompressed?: RpcCode | undefined;
}

/**
 * Cuts a stream of bytes into messages. Holds at most one unfinished message and no more than twice the bytes that have
 * arrived, however small the pieces: a length alone makes it allocate nothing.
 */
export class FrameDecoder {
  readonly #maxBytes: number;
  readonly #options: FrameDecoderOptions;
  /** Room for the unfinished message, and how much of it is taken. */
  #room = Buffer.alloc(0);
  #taken = 0;

  /** @param maxBytes the largest message to accept */
  constructor(maxBytes: number, options: FrameDecoderOptions = {}) {
    this.#maxBytes = maxBytes;
    this.#options = options;
  }

  /** True if a message has begun and not ended. */
  get isInMessage(): boolean {
    return this.#taken > 0;
  }

  /** How many bytes of memory the unfinished message takes. */
  get bufferedBytes(): number {
    return this.#room.byteLength;
  }

  /**
   * Takes the next bytes and gives the messages they complete; to be walked to its end. Throws {@link RpcError}: `ResourceExhausted` for a
   * message over the limit, `Internal` for a compressed one or an unknown flag byte. Not to be used after it threw.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    const isContinued = this.#taken > 0;
    const bytes = isContinued ? this.#append(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let start = 0;
    while (bytes.byteLength - start >= PREFIX_BYTES) {
      const end = start + PREFIX_BYTES + this.#readPrefix(bytes.subarray(start, start + PREFIX_BYTES));
      if (end > bytes.byteLength) break;
      yield bytes.subarray(start + PREFIX_BYTES, end);
      start = end;
    }
    if (isContinued && start === 0) return;
    // What was given away is not written to again.
    this.#room = Buffer.alloc(0);
    this.#taken = 0;
    if (start < bytes.byteLength) this.#append(bytes.subarray(start));
  }

  /** Puts the bytes behind those that are held, in room that doubles when it is full. */
  #append(chunk: Uint8Array): Buffer {
    const taken = this.#taken + chunk.byteLength;
    if (taken > this.#room.byteLength) {
      const room = Buffer.allocUnsafeSlow(this.#taken === 0 ? taken : Math.max(taken, 2 * this.#taken));
      this.#room.copy(room, 0, 0, this.#taken);
      this.#room = room;
    }
    this.#room.set(chunk, this.#taken);
    this.#taken = taken;
    return this.#room.subarray(0, taken);
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
    const encoding = this.#options.encoding?.() ?? '';
    if (encoding === '' || encoding === 'identity') {
      throw new RpcError(RpcCode.internal, 'grpc: compressed flag set with identity or empty encoding');
    }
    throw new RpcError(
      this.#options.onCompressed ?? RpcCode.internal,
      `grpc: Decompressor is not installed for grpc-encoding ${goQuote(encoding)}`,
    );
  }
}
