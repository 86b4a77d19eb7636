import { EventEmitter } from 'node:events';
import type { ClientStream, ResponseHeaders } from './client-session.ts';

interface LightStreamEvents {
  response: [headers: ResponseHeaders, flags: number];
  trailers: [headers: ResponseHeaders];
  data: [chunk: Buffer];
  end: [];
  error: [error: Error];
  close: [];
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** How many bytes of data may be sent in one frame now. */
  readonly sendRoom: number;
  sendData(id: number, bytes: Buffer, isLast: boolean, done?: (error: Error | null) => void): void;
  sendReset(id: number, code: number): void;
  /** Data was taken; `isLast` says that none follows. */
  consumed(id: number, bytes: number, isLast: boolean): void;
  forget(id: number): void;
}

/** HTTP/2 error codes (RFC 9113, section 7). */
const PROTOCOL_ERROR = 1;
const STREAM_CLOSED = 5;

interface PendingWrite {
  bytes: Buffer;
  readonly isLast: boolean;
  readonly done: ((error: Error | null) => void) | undefined;
}

/** One request and its response, with the events and methods of Node's `ClientHttp2Stream` that our client uses. */
export class LightStream extends EventEmitter<LightStreamEvents> implements ClientStream {
  readonly id: number;
  /** The code of the reset that ended the stream, by either side; 0 without one. */
  rstCode = 0;
  readonly #session: StreamOwner;
  readonly #pending: PendingWrite[] = [];
  readonly #held: Buffer[] = [];
  #sendWindow = 0;
  #isStarted = false;
  #isPaused = false;
  #hasResponse = false;
  #remoteEnded = false;
  #localEnded = false;
  /** The last write has been handed over, though it may still wait for room. */
  #isEnding = false;
  #endEmitted = false;
  #isClosed = false;

  constructor(session: StreamOwner, id: number) {
    super();
    this.#session = session;
    this.id = id;
  }

  /** True once `close` was emitted. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /** Sends bytes when both windows allow it; the callback is called once they are with the socket. */
  write(bytes: Uint8Array, done?: (error: Error | null | undefined) => void): void {
    this.#enqueue({ bytes: asBuffer(bytes), isLast: false, done });
  }

  /** Sends the last bytes, or none, and ends the request. */
  end(bytes: Uint8Array = new Uint8Array()): void {
    if (!this.#isEnding) this.#enqueue({ bytes: asBuffer(bytes), isLast: true, done: undefined });
  }

  /** Holds data events back; the peer's window is not opened further. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Delivers what was held back, soon and never within this call, and lets data come. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    queueMicrotask(() => this.#flow());
  }

  /** Ends the stream from this side; RST_STREAM is sent unless both sides had ended. */
  close(code = 0): void {
    if (this.#isClosed) return;
    this.rstCode = code;
    if (this.#isStarted && !(this.#remoteEnded && this.#localEnded)) this.#session.sendReset(this.id, code);
    this.finish();
  }

  /** The headers are on their way; the peer takes so many bytes of data. @internal */
  start(sendWindow: number): void {
    this.#sendWindow = sendWindow;
    this.#isStarted = true;
    this.flush();
  }

  /** Takes a block of header fields. @internal */
  onHeaders(headers: ResponseHeaders, flags: number, isLast: boolean): void {
    const fault = this.#findFault(headers, isLast);
    if (fault !== undefined) {
      this.close(fault);
    } else if (this.#hasResponse) {
      this.emit('trailers', headers);
    } else if (!isInformational(headers)) {
      this.#hasResponse = true;
      this.emit('response', headers, flags);
    }
    if (isLast) this.onEnd();
  }

  /** Takes data; what is consumed opens the peer's window again. @internal */
  onData(chunk: Buffer): void {
    if (this.#remoteEnded || !this.#hasResponse) this.close(this.#remoteEnded ? STREAM_CLOSED : PROTOCOL_ERROR);
    else if (this.#isPaused || this.#held.length > 0) this.#held.push(chunk);
    else this.#deliver(chunk);
  }

  /** The peer has ended the response. @internal */
  onEnd(): void {
    if (this.#isClosed) return;
    if (this.#hasResponse) {
      this.#remoteEnded = true;
      this.#finishIfDone();
    } else {
      this.close(PROTOCOL_ERROR);
    }
  }

  /** The peer has reset the stream. @internal */
  onReset(code: number): void {
    this.onLost(code === 0 ? undefined : new Error(`stream reset with code ${code}`), code);
  }

  /** Nothing more will come or go. A response that had come whole is still delivered as it is read. @internal */
  onLost(error?: Error, code = 0): void {
    if (this.#remoteEnded && !this.#isClosed) {
      this.#isEnding = true;
      this.#localEnded = true;
      this.#dropWrites(error);
      this.#finishIfDone();
      return;
    }
    this.rstCode = code;
    this.finish(error);
  }

  /** How many bytes the peer takes now. @internal */
  get sendWindow(): number {
    return this.#sendWindow;
  }

  /** The peer lets more bytes come. @internal */
  addSendWindow(bytes: number): void {
    this.#sendWindow += bytes;
    this.flush();
  }

  /** Sends what waits, as far as the windows allow. @internal */
  flush(): void {
    while (this.#isStarted && !this.#isClosed) {
      const next = this.#pending[0];
      if (next === undefined) return;
      const room = Math.min(this.#sendWindow, this.#session.sendRoom);
      if (next.bytes.length > 0 && room <= 0) return;
      const piece = next.bytes.subarray(0, Math.max(0, room));
      const isWhole = piece.length === next.bytes.length;
      this.#sendWindow -= piece.length;
      this.#session.sendData(this.id, piece, isWhole && next.isLast, isWhole ? next.done : undefined);
      if (isWhole) {
        this.#pending.shift();
        if (next.isLast) {
          this.#localEnded = true;
          this.#finishIfDone();
        }
      } else {
        next.bytes = next.bytes.subarray(piece.length);
      }
    }
  }

  /** Ends the stream for the user: once. @internal */
  finish(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#session.forget(this.id);
    this.#dropWrites(error);
    if (error !== undefined) this.emit('error', error);
    this.emit('close');
  }

  #enqueue(write: PendingWrite): void {
    if (this.#isClosed || this.#isEnding) {
      write.done?.(new Error('the stream has ended'));
      return;
    }
    this.#isEnding = write.isLast;
    this.#pending.push(write);
    this.flush();
  }

  /** Why a block of header fields is malformed where it stands. RFC 9113, sections 5.1 and 8.1. */
  #findFault(headers: ResponseHeaders, isLast: boolean): number | undefined {
    if (this.#remoteEnded) return STREAM_CLOSED;
    const status = headers[':status'];
    if (this.#hasResponse) return isLast && status === undefined ? undefined : PROTOCOL_ERROR;
    const isStatus = typeof status === 'string' && /^\d{3}$/.test(status);
    return isStatus && !(isLast && isInformational(headers)) ? undefined : PROTOCOL_ERROR;
  }

  #dropWrites(error: Error | undefined): void {
    const lost = error ?? new Error('the stream has ended');
    for (const write of this.#pending.splice(0)) write.done?.(lost);
  }

  #flow(): void {
    while (!this.#isPaused && !this.#isClosed) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      this.#deliver(chunk);
    }
    this.#finishIfDone();
  }

  #deliver(chunk: Buffer): void {
    this.#session.consumed(this.id, chunk.length, this.#remoteEnded);
    this.emit('data', chunk);
  }

  #finishIfDone(): void {
    if (!this.#remoteEnded || this.#isPaused || this.#held.length > 0 || this.#isClosed) return;
    if (!this.#endEmitted) {
      this.#endEmitted = true;
      this.emit('end');
    }
    if (this.#localEnded) this.finish();
  }
}

/** An answer that another one follows. RFC 9110, section 15.2. */
function isInformational(headers: ResponseHeaders): boolean {
  return String(headers[':status']).startsWith('1');
}

/** The same bytes, not copied: they are before the frame is made. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
