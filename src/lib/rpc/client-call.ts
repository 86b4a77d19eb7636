import type { Clock } from '../runtime/clock.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { ClientConnection } from './client-connection.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { formatGrpcTimeout } from './grpc-timeout.ts';
import type { ClientStream, ResponseHeaders } from './http2/client-session.ts';
import { findForeignStatus, statusOfReset, statusOfTrailers } from './response-status.ts';
import { RpcCode, RpcError, type RpcStatus } from './status.ts';

/** HTTP/2 error codes (RFC 9113, section 7). */
const REFUSED_STREAM = 7;
const CANCEL = 8;

/** How much of an answer that is not gRPC goes into the error text. */
const FOREIGN_BODY_BYTES = 1024;

/** What makes up one call. */
export interface ClientCallOptions {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly authority: string;
  /** The only request message; undefined leaves the request stream open for {@link ClientCall.send}. */
  readonly message: Uint8Array | undefined;
  readonly maxReceiveBytes: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly metadata?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Gives the connection to run on. */
  readonly connect: () => Promise<ClientConnection>;
}

/**
 * One call on one HTTP/2 stream, as bytes. Starts at once; ends with exactly one status, whichever comes first of the
 * server's, the deadline, the signal, a failure of the connection and {@link cancel}.
 */
export class ClientCall {
  readonly #options: ClientCallOptions;
  readonly #deadlineMs: number | undefined;
  readonly #started: Promise<ClientStream | undefined>;
  readonly #cleanups: (() => void)[] = [];
  readonly #received: Uint8Array[] = [];
  #connection: ClientConnection | undefined;
  #stream: ClientStream | undefined;
  #trailers: ResponseHeaders | undefined;
  #foreign: RpcStatus | undefined;
  #foreignBody: Buffer[] = [];
  #hasResponse = false;
  /** All data of the response has been read. */
  #hasEnded = false;
  #streamError: unknown;
  #outcome: RpcError | 'ok' | undefined;
  #wake: (() => void) | undefined;

  constructor(options: ClientCallOptions) {
    const { signal, timeoutMs, clock } = options;
    this.#options = options;
    this.#deadlineMs = timeoutMs === undefined ? undefined : clock.monotonicMs() + timeoutMs;
    if (timeoutMs !== undefined) {
      this.#cleanups.push(clock.schedule(timeoutMs, () => this.#giveUp(RpcCode.deadlineExceeded)));
    }
    if (signal !== undefined) {
      const onAbort = (): void => this.#giveUp(isTimeout(signal.reason) ? RpcCode.deadlineExceeded : RpcCode.canceled);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#cleanups.push(() => signal.removeEventListener('abort', onAbort));
      if (signal.aborted) onAbort();
    }
    this.#started = this.#start();
  }

  /** True if the server said that it has not looked at the call, so that it may be repeated. */
  get wasRefused(): boolean {
    return this.#stream?.rstCode === REFUSED_STREAM && !this.#hasResponse;
  }

  /** What came with the status; nothing before that. */
  get trailers(): ResponseHeaders {
    return this.#trailers ?? {};
  }

  /** The next response message; undefined when the call has ended well. Rejects with the {@link RpcError} it ended with. */
  async next(): Promise<Uint8Array | undefined> {
    while (true) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      if (this.#outcome === 'ok') return undefined;
      if (this.#outcome !== undefined) throw this.#outcome;
      this.#stream?.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a request message. Resolves once the connection has taken it; rejects if the call has ended. */
  async send(message: Uint8Array): Promise<void> {
    const stream = await this.#started;
    if (stream === undefined || this.#outcome !== undefined) throw this.#endedError();
    await new Promise<void>((resolve, reject) => {
      stream.write(encodeFrame(message), (error) => {
        if (error === null || error === undefined) resolve();
        else reject(this.#endedError());
      });
    });
  }

  /** Ends the request stream. */
  async end(): Promise<void> {
    const stream = await this.#started;
    if (this.#outcome === undefined) stream?.end();
  }

  /** Gives the call up, unless it has ended. */
  cancel(): void {
    this.#giveUp(RpcCode.canceled);
  }

  /** Ends the call with an error that the receiving side found, unless it has ended. */
  fail(error: RpcError): void {
    this.#settle(error);
    this.#received.length = 0;
  }

  async #start(): Promise<ClientStream | undefined> {
    if (this.#outcome !== undefined) return undefined;
    try {
      const connection = await this.#options.connect();
      if (this.#outcome !== undefined) return undefined;
      this.#connection = connection;
      return this.#open(connection);
    } catch (error) {
      this.#settle(
        error instanceof RpcError ? error : new RpcError(RpcCode.unavailable, String(error), { cause: error }),
      );
      return undefined;
    }
  }

  #open(connection: ClientConnection): ClientStream {
    const { message, maxReceiveBytes } = this.#options;
    const stream = connection.session.request(this.#headers());
    this.#stream = stream;
    let encoding = '';
    const decoder = new FrameDecoder(maxReceiveBytes, { encoding: () => encoding });
    stream.on('error', (error) => {
      // 'close' follows and decides. When the connection breaks, its streams hear of it first.
      this.#streamError = error;
    });
    stream.on('response', (headers, flags) => {
      this.#hasResponse = true;
      this.#foreign = findForeignStatus(headers);
      encoding = String(headers['grpc-encoding'] ?? '');
      if (this.#foreign === undefined && (flags & 1) === 1) this.#trailers = headers;
    });
    stream.on('trailers', (headers) => {
      this.#trailers = headers;
    });
    stream.on('data', (chunk: Buffer) => this.#receive(chunk, decoder));
    stream.on('end', () => {
      this.#hasEnded = true;
      if (this.#trailers !== undefined && this.#foreign === undefined) this.#end(decoder);
      else stream.close();
    });
    stream.once('close', () => this.#end(decoder));
    if (message !== undefined) stream.end(encodeFrame(message));
    return stream;
  }

  #headers(): Record<string, string | string[]> {
    const { path, authority, metadata, clock } = this.#options;
    const headers: Record<string, string | string[]> = {
      ':method': 'POST',
      ':path': path,
      ':authority': authority,
      'content-type': 'application/grpc',
      'user-agent': 'grpc-node-spirekit',
      te: 'trailers',
    };
    if (this.#deadlineMs !== undefined)
      headers['grpc-timeout'] = formatGrpcTimeout(this.#deadlineMs - clock.monotonicMs());
    for (const [key, value] of Object.entries(metadata ?? {})) {
      headers[key] = typeof value === 'string' ? value : [...value];
    }
    return headers;
  }

  #receive(chunk: Buffer, decoder: FrameDecoder): void {
    if (this.#outcome !== undefined) return;
    if (this.#foreign !== undefined) {
      const room = FOREIGN_BODY_BYTES - Buffer.concat(this.#foreignBody).byteLength;
      this.#foreignBody.push(chunk.subarray(0, Math.max(0, room)));
      return;
    }
    try {
      for (const message of decoder.push(chunk)) this.#received.push(message);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.#settle(error);
      return;
    }
    if (this.#received.length > 0) {
      this.#stream?.pause();
      this.#wakeUp();
    }
  }

  /** The stream has come to its end, by the server or by the connection. */
  #end(decoder: FrameDecoder): void {
    if (this.#outcome !== undefined) return;
    const { status, description, statusDetails } = this.#finalStatus();
    if (status !== RpcCode.ok) this.#settle(new RpcError(status, description, { statusDetails }));
    else if (decoder.isInMessage) this.#settle(new RpcError(RpcCode.internal, 'unexpected EOF'));
    else this.#settle('ok');
  }

  #finalStatus(): RpcStatus {
    if (this.#foreign !== undefined) {
      const body = Buffer.concat(this.#foreignBody);
      const suffix = body.byteLength > 0 ? `\ndata: ${goQuote(body.toString())}` : '';
      return { ...this.#foreign, description: this.#foreign.description + suffix };
    }
    const trailers = this.#trailers === undefined ? undefined : statusOfTrailers(this.#trailers);
    // A good end counts only when all that came before it has been read.
    if (trailers !== undefined && (this.#hasEnded || trailers.status !== RpcCode.ok)) return trailers;
    if (this.#connection?.isGone === true) return this.#connection.lossError(this.#streamError);
    const resetCode = this.#stream?.rstCode ?? 0;
    if (resetCode !== 0) return statusOfReset(resetCode);
    return { status: RpcCode.internal, description: 'server closed the stream without sending trailers' };
  }

  /** The caller's side ends it: Go's words for a context that is over. */
  #giveUp(status: typeof RpcCode.canceled | typeof RpcCode.deadlineExceeded): void {
    if (this.#outcome !== undefined) return;
    const reason = status === RpcCode.canceled ? 'context canceled' : 'context deadline exceeded';
    const isWaiting = this.#connection?.isReady !== true;
    this.fail(new RpcError(status, isWaiting ? `${reason} while waiting for connections to become ready` : reason));
  }

  #settle(outcome: RpcError | 'ok'): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const cleanup of this.#cleanups) cleanup();
    const stream = this.#stream;
    if (stream !== undefined && !stream.closed) stream.close(outcome === 'ok' ? 0 : CANCEL);
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Why nothing can be sent any more. */
  #endedError(): RpcError {
    if (this.#outcome instanceof RpcError) return this.#outcome;
    return new RpcError(RpcCode.failedPrecondition, 'the server has ended the call');
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError';
}
