import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { CallAccount } from './call-account.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { encodeGrpcMessage } from './grpc-message.ts';
import { RpcCode, RpcError, type RpcStatus } from './status.ts';

/** Trailers share the frame of headers, which clients limit; a longer text is cut. */
const LONGEST_DESCRIPTION = 4096;

const RESPONSE_HEADERS = { ':status': 200, 'content-type': 'application/grpc' } as const;

/** One call as HTTP/2 carries it: request messages in, response messages and a status out. */
export class ServerStream {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #noteAnswer: () => void;
  #isEnded = false;

  /** @param noteAnswer called whenever something is sent */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, noteAnswer: () => void) {
    this.#stream = stream;
    this.#headers = headers;
    this.#noteAnswer = noteAnswer;
    // What ends it, whichever way, is told by 'close'.
    stream.on('error', () => {});
  }

  /** Calls back once, when nothing can be sent or received any more. */
  onClose(listener: () => void): void {
    if (this.#stream.closed && this.#stream.destroyed) listener();
    else this.#stream.once('close', listener);
  }

  /**
   * The request messages, each only when it is asked for: what the client sends beyond waits in its window. Rejects with
   * `ResourceExhausted` for one over the limit, `Unimplemented` for a compressed one (a small one can unpack to
   * gigabytes), `Internal` for one that breaks off.
   */
  async *messages(maxBytes: number, account: CallAccount): AsyncGenerator<Uint8Array, void, undefined> {
    const encoding = (): string => String(this.#headers['grpc-encoding'] ?? '');
    const decoder = new FrameDecoder(maxBytes, { encoding, onCompressed: RpcCode.unimplemented });
    for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
      yield* decoder.push(chunk);
      account.holdRequest(decoder.bufferedBytes);
    }
    if (decoder.isInMessage) throw new RpcError(RpcCode.internal, 'unexpected EOF');
  }

  /** Sends the response headers, unless they have been sent. */
  sendHeaders(): void {
    if (this.#isGone || this.#stream.headersSent) return;
    this.#stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
  }

  /** Sends a message, given in parts; resolves when the connection has taken it. Rejects with `ResourceExhausted` if too many are not taken. */
  async send(parts: readonly Uint8Array[], account: CallAccount): Promise<void> {
    const [first = new Uint8Array(), ...later] = parts;
    account.holdResponse(totalBytes(parts));
    this.sendHeaders();
    await this.#write(encodeFrame(first, totalBytes(later)));
    for (const part of later) await this.#write(part);
    account.holdResponse(0);
  }

  /** Ends the call. What the client still sends is not read. Does nothing if the call has ended. */
  end(status: RpcStatus, trailers: Readonly<Record<string, string>> = {}): void {
    if (this.#isGone) return;
    this.#isEnded = true;
    this.#noteAnswer();
    const stream = this.#stream;
    const all = { ...trailers, ...statusTrailers(status) };
    if (stream.headersSent) {
      stream.once('wantTrailers', () => {
        stream.sendTrailers(all);
        this.#refuseTheRest();
      });
      stream.end();
    } else {
      stream.respond({ ...RESPONSE_HEADERS, ...all }, { endStream: true });
      this.#refuseTheRest();
    }
  }

  /** Answers a request that is no gRPC. */
  refuse(httpStatus: number, status: RpcStatus): void {
    if (this.#isGone) return;
    this.#isEnded = true;
    this.#stream.respond(
      { ...RESPONSE_HEADERS, ...statusTrailers(status), ':status': httpStatus },
      { endStream: true },
    );
    this.#refuseTheRest();
  }

  #write(bytes: Uint8Array): Promise<void> {
    this.#noteAnswer();
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (cause) => {
        this.#noteAnswer();
        if (cause) reject(new RpcError(RpcCode.canceled, 'context canceled', { cause }));
        else resolve();
      });
    });
  }

  get #isGone(): boolean {
    return this.#isEnded || this.#stream.destroyed || this.#stream.closed;
  }

  /**
   * Whoever has his answer need not send on: RST_STREAM with NO_ERROR (RFC 9113, section 8.1). Not before the answer has
   * left for the connection, which a reset would overtake.
   */
  #refuseTheRest(): void {
    const stream = this.#stream;
    stream.resume();
    const refuse = (): void => {
      if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
    };
    if (stream.writableFinished) setImmediate(refuse);
    else stream.once('finish', () => setImmediate(refuse));
  }
}

/** The bytes of all parts together. */
export function totalBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function statusTrailers({ status, description, statusDetails }: RpcStatus): Record<string, string> {
  const text = encodeGrpcMessage(description.slice(0, LONGEST_DESCRIPTION).toWellFormed());
  return {
    'grpc-status': String(status),
    ...(text !== '' && { 'grpc-message': text }),
    ...(statusDetails !== undefined && {
      'grpc-status-details-bin': Buffer.from(statusDetails).toString('base64').replace(/=+$/, ''),
    }),
  };
}
