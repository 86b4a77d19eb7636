import { Metadata, type ServerUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock.ts';
import type { CallContext, Peer } from './call-context.ts';
import { RpcCode, RpcError } from './status.ts';

/** What the gRPC library tells of any call. */
export type LibraryCall = Pick<
  ServerUnaryCall<unknown, unknown>,
  'metadata' | 'getPeer' | 'getPath' | 'getDeadline' | 'sendMetadata'
> & {
  on(event: 'cancelled', listener: () => void): unknown;
};

/** The library's timer of a deadline counts from the start of the event loop's turn, so by the clock it may be early. */
const EARLY_TIMER_MS = 20;

/** The context of one call, and the owner of its abort signal. */
export class ServerCall implements CallContext {
  readonly peer: Peer;
  readonly method: string;
  readonly metadata: { get(key: string): readonly string[] };
  readonly deadlineMs: number | undefined;
  readonly values = new Map<symbol, unknown>();
  readonly #controller = new AbortController();
  readonly #call: LibraryCall;
  readonly #trailers = new Metadata();
  #isFinished = false;

  constructor(call: LibraryCall, peer: Peer, clock: Clock) {
    this.#call = call;
    this.peer = peer;
    this.method = call.getPath();
    this.metadata = { get: (key) => call.metadata.get(key).map(textOf) };
    const deadline = call.getDeadline();
    this.deadlineMs = Number.isFinite(Number(deadline)) ? Number(deadline) : undefined;
    call.on('cancelled', () => {
      // The library says so at the end of every call, also of those that went well.
      if (this.#isFinished) return;
      this.#isFinished = true;
      const isLate = this.deadlineMs !== undefined && clock.nowMs() >= this.deadlineMs - EARLY_TIMER_MS;
      this.#controller.abort(
        isLate
          ? new RpcError(RpcCode.deadlineExceeded, 'context deadline exceeded')
          : new RpcError(RpcCode.canceled, 'context canceled'),
      );
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  sendHeaders(): void {
    if (!this.#isFinished) this.#call.sendMetadata(new Metadata());
  }

  setTrailer(key: string, value: string): void {
    this.#trailers.set(key, value);
  }

  /** True the first time, unless the caller has gone before: then nobody waits for an answer. */
  finish(): boolean {
    if (this.#isFinished) return false;
    this.#isFinished = true;
    return true;
  }

  /** The trailers that handler and interceptors have set. */
  get trailers(): Metadata {
    return this.#trailers;
  }

  /** Waits for the promise, but no longer than the call is alive: then rejects with what ended it. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = this;
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }
}

function textOf(value: string | Buffer): string {
  return typeof value === 'string' ? value : value.toString('base64');
}
