import type { Clock } from '../runtime/clock.ts';
import type { CallContext, Peer } from './call-context.ts';
import type { ServerStream } from './server-stream.ts';
import { RpcCode, RpcError } from './status.ts';

/** What is known of a call when its headers have come. */
export interface ServerCallOptions {
  readonly stream: ServerStream;
  readonly peer: Peer;
  /** `/package.Service/Method`. */
  readonly method: string;
  /** Names (in lower case) and values as they came, one after the other. */
  readonly rawHeaders: readonly string[];
  /** Any length; undefined for a caller that waits for ever. */
  readonly timeoutMs: number | undefined;
  readonly clock: Clock;
}

/** The context of one call, and the owner of its abort signal and deadline. */
export class ServerCall implements CallContext {
  readonly peer: Peer;
  readonly method: string;
  readonly metadata: { get(key: string): readonly string[] };
  readonly deadlineMs: number | undefined;
  readonly values = new Map<symbol, unknown>();
  readonly #controller = new AbortController();
  readonly #stream: ServerStream;
  readonly #trailers: Record<string, string> = {};
  readonly #cancelDeadline: () => void;
  #isFinished = false;

  constructor({ stream, peer, method, rawHeaders, timeoutMs, clock }: ServerCallOptions) {
    this.#stream = stream;
    this.peer = peer;
    this.method = method;
    this.metadata = { get: (key) => valuesOf(rawHeaders, key.toLowerCase()) };
    this.deadlineMs = timeoutMs === undefined ? undefined : clock.nowMs() + timeoutMs;
    this.#cancelDeadline =
      timeoutMs === undefined
        ? () => {}
        : clock.schedule(
            timeoutMs,
            () => this.giveUp(new RpcError(RpcCode.deadlineExceeded, 'context deadline exceeded')),
            { unref: true },
          );
    stream.onClose(() => {
      this.#cancelDeadline();
      if (this.finish()) this.#controller.abort(new RpcError(RpcCode.canceled, 'context canceled'));
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  sendHeaders(): void {
    if (!this.#isFinished) this.#stream.sendHeaders();
  }

  setTrailer(key: string, value: string): void {
    this.#trailers[key.toLowerCase()] = value;
  }

  /** Answers with the error without waiting for the handler, who is told by the signal. */
  giveUp(error: RpcError): void {
    if (!this.finish()) return;
    this.#controller.abort(error);
    this.#stream.end(error);
  }

  /** True the first time, unless the caller has gone before: then nobody waits for an answer. */
  finish(): boolean {
    if (this.#isFinished) return false;
    this.#isFinished = true;
    this.#cancelDeadline();
    return true;
  }

  /** The trailers that handler and interceptors have set. */
  get trailers(): Readonly<Record<string, string>> {
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

/** All values of a header; several binary ones (`-bin`) may come in one, with commas. */
function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1] === name);
  return name.endsWith('-bin') ? values.flatMap((value) => value.split(',').map((part) => part.trim())) : values;
}
