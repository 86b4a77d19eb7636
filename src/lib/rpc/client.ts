import { type Clock, systemClock } from '../runtime/clock.ts';
import { ClientCall } from './client-call.ts';
import { ClientConnection } from './client-connection.ts';
import {
  type BidiMethodKey,
  type MethodDefinition,
  methodPath,
  type RequestOf,
  type ResponseOf,
  type ServerStreamMethodKey,
  type ServiceDefinition,
  type UnaryMethodKey,
} from './service.ts';
import { RpcCode, RpcError } from './status.ts';
import type { RpcTarget } from './target.ts';

export type { RpcTarget, RpcTlsOptions } from './target.ts';

/** Settings of a client; all have defaults. */
export interface RpcClientOptions {
  /** Which HTTP/2 runs on a unix socket: our small one by default, or Node's own. */
  readonly http2?: 'light' | 'node' | undefined;
  /** The largest message accepted from the server, in bytes; 64 MiB by default. Beyond: `ResourceExhausted`. */
  readonly maxReceiveBytes?: number | undefined;
  /** How long a connection may take to be ready for calls, in milliseconds; 20 s by default, as in Go. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Ask the server for a sign of life each time so many milliseconds have passed, and give the connection up if none
   * comes within 20 s. Off by default: for clients with streams that are silent for long.
   */
  readonly keepaliveMs?: number | undefined;
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
  /** Of a call with one response that went well: gets the metadata that came after it, by keys in lower case. */
  readonly onTrailers?:
    | ((trailers: Readonly<Record<string, string | readonly string[] | undefined>>) => void)
    | undefined;
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

const DEFAULT_MAX_RECEIVE_BYTES = 64 << 20;
const DEFAULT_CONNECT_TIMEOUT_MS = 20_000;

/**
 * A gRPC client for one target, on one HTTP/2 connection which the first call opens. If the connection is lost, calls
 * under way fail with `Unavailable` and the next call opens another one; there are no retries but of calls that the
 * server says it has not begun.
 */
export class RpcClient implements AsyncDisposable {
  readonly target: RpcTarget;
  readonly #options: RpcClientOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #calls = new Set<ClientCall>();
  readonly #closeListeners = new Set<() => void>();
  #connection: Promise<ClientConnection> | undefined;
  #established: ClientConnection | undefined;

  constructor(target: RpcTarget, options: RpcClientOptions = {}) {
    this.target = target;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** True once {@link close} was called. */
  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** True while there is a connection on which calls can run. */
  get isConnected(): boolean {
    return this.#established?.isUsable === true;
  }

  /** One request, one response. Rejects with {@link RpcError}. */
  async unary<D extends ServiceDefinition, K extends UnaryMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options: RpcCallOptions = {},
  ): Promise<ResponseOf<D, K>> {
    const { definition: rpc, path } = lookUp(definition, method);
    const bytes = encodeMessage(rpc, request);
    for (let attempt = 1; ; attempt++) {
      const call = this.#call(path, bytes, options);
      try {
        const message = await onlyMessage(call);
        options.onTrailers?.(call.trailers);
        return decodeMessage<ResponseOf<D, K>>(rpc, message);
      } catch (error) {
        if (!call.wasRefused || attempt > 1 || this.closed) throw error;
      } finally {
        this.#release(call);
      }
    }
  }

  /**
   * One request, many responses; the call starts when the loop does. Throws {@link RpcError} from the loop; leaving the
   * loop cancels the call.
   */
  async *serverStream<D extends ServiceDefinition, K extends ServerStreamMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options: RpcCallOptions = {},
  ): AsyncGenerator<ResponseOf<D, K>, void, undefined> {
    const { definition: rpc, path } = lookUp(definition, method);
    const bytes = encodeMessage(rpc, request);
    for (let attempt = 1; ; attempt++) {
      const call = this.#call(path, bytes, options);
      try {
        yield* this.#responses<ResponseOf<D, K>>(call, rpc);
        return;
      } catch (error) {
        if (!call.wasRefused || attempt > 1 || this.closed) throw error;
      }
    }
  }

  /** Streams both ways; the call starts at once. Walk the responses to their end, or cancel. */
  bidi<D extends ServiceDefinition, K extends BidiMethodKey<D>>(
    definition: D,
    method: K,
    options: RpcCallOptions = {},
  ): BidiCall<RequestOf<D, K>, ResponseOf<D, K>> {
    const { definition: rpc, path } = lookUp(definition, method);
    const call = this.#call(path, undefined, options);
    return {
      send: (request) => call.send(encodeMessage(rpc, request)),
      end: () => void call.end(),
      responses: this.#responses<ResponseOf<D, K>>(call, rpc),
      cancel: () => {
        call.cancel();
        this.#release(call);
      },
    };
  }

  /** Calls back each time an established connection ends; returns the way to stop listening. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /** Ends the connection; calls under way fail with `Canceled`. May be called again. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.#closing.abort(closingError());
    for (const call of this.#calls) call.fail(closingError());
    this.#calls.clear();
    this.#established?.destroy();
    await this.#connection?.then(
      (connection) => connection.destroy(),
      () => {},
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call(path: string, message: Uint8Array | undefined, options: RpcCallOptions): ClientCall {
    const { target } = this;
    const call = new ClientCall({
      ...options,
      path,
      message,
      authority:
        target.kind === 'unix'
          ? 'localhost'
          : `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`,
      maxReceiveBytes: this.#options.maxReceiveBytes ?? DEFAULT_MAX_RECEIVE_BYTES,
      clock: this.#clock,
      connect: () => this.#connect(),
    });
    this.#calls.add(call);
    return call;
  }

  #release(call: ClientCall): void {
    this.#calls.delete(call);
  }

  async *#responses<Response>(call: ClientCall, rpc: MethodDefinition): AsyncGenerator<Response, void, undefined> {
    try {
      for (let bytes = await call.next(); bytes !== undefined; bytes = await call.next()) {
        yield decodeMessage<Response>(rpc, bytes);
      }
    } finally {
      call.cancel();
      this.#release(call);
    }
  }

  /** The connection for a new call: the present one, the one that is being opened, or a new one. */
  #connect(): Promise<ClientConnection> {
    if (this.closed) return Promise.reject(closingError());
    if (this.#connection !== undefined && this.#established?.isUsable !== false) return this.#connection;
    this.#established = undefined;
    const opening = ClientConnection.open(this.target, {
      clock: this.#clock,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      keepaliveMs: this.#options.keepaliveMs,
      http2: this.#options.http2,
      signal: this.#closing.signal,
    }).then(
      (connection) => {
        this.#established = connection;
        connection.onClose(() => {
          for (const listener of this.#closeListeners) listener();
        });
        return connection;
      },
      (error: unknown) => {
        if (this.#connection === opening) this.#connection = undefined;
        throw error;
      },
    );
    this.#connection = opening;
    return opening;
  }
}

function lookUp(definition: ServiceDefinition, key: string): { definition: MethodDefinition; path: string } {
  const method = definition.methods[key];
  if (method === undefined) throw new RpcError(RpcCode.unimplemented, `${definition.fullName} has no method ${key}`);
  return { definition: method, path: methodPath(definition, method) };
}

function encodeMessage(rpc: MethodDefinition, request: unknown): Uint8Array {
  return rpc.requestType.encode(request).finish();
}

/**
 * Plain `Uint8Array`s in, so that fields of bytes come out as such and not as Node's `Buffer`. The caller names the type
 * that the definition ties to this codec.
 */
function decodeMessage<T>(rpc: MethodDefinition, bytes: Uint8Array): T {
  try {
    return rpc.responseType.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)) as T;
  } catch (error) {
    const description = 'grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format data';
    throw new RpcError(RpcCode.internal, description, { cause: error });
  }
}

async function onlyMessage(call: ClientCall): Promise<Uint8Array> {
  const message = await call.next();
  const trouble =
    message === undefined
      ? 'cardinality violation: received no response message from non-server-streaming RPC'
      : (await call.next()) !== undefined
        ? 'cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message'
        : undefined;
  if (message !== undefined && trouble === undefined) return message;
  const error = new RpcError(RpcCode.internal, trouble ?? '');
  call.fail(error);
  throw error;
}

function closingError(): RpcError {
  return new RpcError(RpcCode.canceled, 'grpc: the client connection is closing');
}
