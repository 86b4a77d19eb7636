import { type Clock, systemClock } from '../runtime/clock.ts';
import type {
  BidiMethodKey,
  RequestOf,
  ResponseOf,
  ServerStreamMethodKey,
  ServiceDefinition,
  UnaryMethodKey,
} from './service.ts';
import { RpcCode, RpcError } from './status.ts';
import type { RpcTarget } from './target.ts';

export type { RpcTarget, RpcTlsOptions } from './target.ts';

/** Settings of a client; all have defaults. */
export interface RpcClientOptions {
  /** The largest message accepted from the server, in bytes; 64 MiB by default. Beyond: `ResourceExhausted`. */
  readonly maxReceiveBytes?: number | undefined;
  /** How long a connection may take to be ready for calls, in milliseconds; 20 s by default, as in Go. */
  readonly connectTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Settings of one call. */
export interface RpcCallOptions {
  /** Ends the call: `Canceled`, or `DeadlineExceeded` if the signal's reason is a `TimeoutError`. */
  readonly signal?: AbortSignal | undefined;
  /** The deadline from now, sent to the server too; none by default. Passing it: `DeadlineExceeded`. */
  readonly timeoutMs?: number | undefined;
  /** Request metadata; keys in lower case. Keys that end in `-bin` hold base64. */
  readonly metadata?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** A call with streams both ways. */
export interface BidiCall<Request, Response> {
  /** Resolves when the message is handed to the connection; rejects if the call has ended. */
  send(request: Request): Promise<void>;
  /** Says that no request follows. */
  end(): void;
  /** Ends when the server has answered OK; throws {@link RpcError} otherwise. To be walked once. */
  readonly responses: AsyncIterable<Response>;
  /** Gives the call up. */
  cancel(): void;
}

/**
 * A gRPC client for one target, on one HTTP/2 connection which the first call opens. If the connection is lost, calls
 * under way fail with `Unavailable` and the next call opens another one.
 */
export class RpcClient implements AsyncDisposable {
  readonly target: RpcTarget;
  protected readonly clock: Clock;

  constructor(target: RpcTarget, options: RpcClientOptions = {}) {
    this.target = target;
    this.clock = options.clock ?? systemClock;
  }

  /** True once {@link close} was called. */
  get closed(): boolean {
    return false;
  }

  /** One request, one response. Rejects with {@link RpcError}. */
  unary<D extends ServiceDefinition, K extends UnaryMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options: RpcCallOptions = {},
  ): Promise<ResponseOf<D, K>> {
    throw notYet(definition, method, request, options);
  }

  /** One request, many responses. Throws {@link RpcError} from the loop; leaving the loop cancels the call. */
  serverStream<D extends ServiceDefinition, K extends ServerStreamMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options: RpcCallOptions = {},
  ): AsyncIterable<ResponseOf<D, K>> {
    throw notYet(definition, method, request, options);
  }

  /** Streams both ways. */
  bidi<D extends ServiceDefinition, K extends BidiMethodKey<D>>(
    definition: D,
    method: K,
    options: RpcCallOptions = {},
  ): BidiCall<RequestOf<D, K>, ResponseOf<D, K>> {
    throw notYet(definition, method, options);
  }

  /** Calls back each time an established connection ends; returns the way to stop listening. */
  onClose(listener: () => void): () => void {
    throw notYet(listener);
  }

  /** Ends the connection; calls under way fail with `Canceled`. May be called again. */
  async close(): Promise<void> {}

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function notYet(..._: unknown[]): RpcError {
  return new RpcError(RpcCode.unimplemented, 'not built yet');
}
