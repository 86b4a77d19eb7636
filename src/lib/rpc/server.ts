import type { Server as SocketServer } from 'node:net';
import { Server as LibraryServer, type ServiceDefinition as LibraryService, ServerCredentials } from '@grpc/grpc-js';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { CallContext, Interceptor, ServiceImplementation } from './call-context.ts';
import { ConnectionRegistry } from './connection-registry.ts';
import type { ListenerContext } from './listener-context.ts';
import type { TlsListener, TlsListenerOptions, UnixListenerOptions } from './listener-options.ts';
import {
  type AnyHandler,
  bidiFunction,
  type HandlerEnvironment,
  streamFunction,
  unaryFunction,
} from './server-handlers.ts';
import { type MethodDefinition, methodPath, type ServiceDefinition } from './service.ts';
import { RpcCode, RpcError } from './status.ts';
import { listenOnTls } from './tls-listener.ts';
import { listenOnUnixSocket } from './unix-listener.ts';

export type { CallContext, Interceptor, ServiceImplementation, UnixPeer } from './call-context.ts';
export type { TlsIdentity, TlsListener, TlsListenerOptions, UnixListenerOptions } from './listener-options.ts';

/** Settings of a server; all have defaults. */
export interface RpcServerOptions {
  /** The largest request message in bytes; 4 MiB by default, as SPIRE's. */
  readonly maxReceiveBytes?: number | undefined;
  /** The largest response message in bytes; 256 MiB by default. */
  readonly maxSendBytes?: number | undefined;
  /** Calls under way on one connection; 1000 by default. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Open connections of one listener; 16384 by default. More are closed at once. */
  readonly maxConnections?: number | undefined;
  /** How long a client may take for the TLS handshake, and for the opening of HTTP/2; 20 s by default. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Clients are asked for a sign of life after so long; 2 h by default, as Go's. They have 20 s. */
  readonly keepaliveMs?: number | undefined;
  /** Told of every error whose text the caller did not get to see. */
  readonly onInternalError?: ((error: unknown, call: CallContext | undefined) => void) | undefined;
  /** Told of every connection that was refused, with the address it came from. */
  readonly onConnectionError?: ((error: unknown, from: string) => void) | undefined;
  readonly clock?: Clock | undefined;
}

const DEFAULT_MAX_RECEIVE_BYTES = 4 << 20;
const DEFAULT_MAX_SEND_BYTES = 256 << 20;
const DEFAULT_MAX_CONCURRENT_STREAMS = 1000;
const DEFAULT_MAX_CONNECTIONS = 16_384;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 20_000;
const DEFAULT_KEEPALIVE_MS = 2 * 60 * 60 * 1000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

/**
 * A gRPC server on unix sockets and TLS ports. Each handler learns from its context who calls: for unix sockets the
 * process as the kernel knows it, for TLS the certificates. A caller that cannot be told is denied.
 *
 * Requests may come compressed with gzip or deflate, up to the same size when unpacked; responses never are. Deadlines
 * run on the real clock, and one of more than 24 days ends at once: the gRPC library keeps them in 31 bits.
 */
export class RpcServer implements AsyncDisposable {
  readonly #library: LibraryServer;
  readonly #registry = new ConnectionRegistry();
  readonly #interceptors: Interceptor[] = [];
  readonly #environment: HandlerEnvironment;
  readonly #context: ListenerContext;
  readonly #listeners = new Set<SocketServer>();
  #stopping: Promise<void> | undefined;

  constructor(options: RpcServerOptions = {}) {
    const clock = options.clock ?? systemClock;
    this.#library = new LibraryServer({
      'grpc.max_receive_message_length': options.maxReceiveBytes ?? DEFAULT_MAX_RECEIVE_BYTES,
      'grpc.max_concurrent_streams': options.maxConcurrentStreams ?? DEFAULT_MAX_CONCURRENT_STREAMS,
      'grpc.keepalive_time_ms': options.keepaliveMs ?? DEFAULT_KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.enable_channelz': 0,
    });
    this.#environment = {
      clock,
      maxSendBytes: options.maxSendBytes ?? DEFAULT_MAX_SEND_BYTES,
      interceptors: this.#interceptors,
      findPeer: (address) => this.#registry.findPeer(address),
      onInternalError: options.onInternalError,
    };
    const injector = this.#library.createConnectionInjector(ServerCredentials.createInsecure());
    this.#context = {
      clock,
      registry: this.#registry,
      maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
      inject: (socket) => injector.injectConnection(socket),
      onConnectionError: options.onConnectionError,
    };
  }

  /**
   * Serves a service; methods that the implementation lacks answer `Unimplemented`. Throws `already-exists` for a
   * service that was added before, `unimplemented` for one with a client stream.
   */
  addService<D extends ServiceDefinition>(definition: D, implementation: ServiceImplementation<D>): void {
    const library: Record<string, LibraryService[string]> = {};
    const functions: Record<string, ReturnType<typeof libraryFunction>> = {};
    for (const [key, rpc] of Object.entries(definition.methods)) {
      if (rpc.requestStream && !rpc.responseStream) {
        throw new SpirekitError('unimplemented', `${rpc.name}: streams of requests with one response are not served`);
      }
      library[key] = libraryMethod(definition, rpc);
      functions[key] = libraryFunction(rpc, findHandler(implementation, key, rpc), this.#environment);
    }
    try {
      this.#library.addService(library, functions);
    } catch (error) {
      throw new SpirekitError('already-exists', `${definition.fullName} is served already`, { cause: error });
    }
  }

  /** Runs around every call that follows, inside those added before. */
  use(interceptor: Interceptor): void {
    this.#interceptors.push(interceptor);
  }

  /** How many connections are open, those in their handshake included. */
  get connectionCount(): number {
    return this.#registry.size;
  }

  /**
   * Binds a unix socket and serves it. Rejects with `invalid-argument` (the path is too long), `already-exists` (someone
   * listens there, or the file is no socket), `io-error`, `unimplemented` (not on Linux).
   */
  async listenUnix(options: UnixListenerOptions): Promise<void> {
    this.#assertRunning();
    this.#own(await listenOnUnixSocket(options, this.#context));
  }

  /** Binds a TLS port and serves it. Rejects with `io-error`. */
  async listenTls(options: TlsListenerOptions): Promise<TlsListener> {
    this.#assertRunning();
    const { server, listener } = await listenOnTls(options, this.#context);
    this.#own(server);
    return listener;
  }

  /**
   * Takes no new connections or calls and waits for the calls under way: until the signal aborts or `graceMs` is over,
   * whichever comes first; with neither it does not wait. Then ends them hard. Socket files are removed. Every call
   * waits for the same end.
   */
  stop(options: { signal?: AbortSignal | undefined; graceMs?: number | undefined } = {}): Promise<void> {
    const hardStop = (): void => {
      this.#library.forceShutdown();
      this.#registry.destroyAll();
    };
    this.#stopping ??= this.#stopGracefully();
    const { signal } = options;
    const graceMs = options.graceMs ?? (signal === undefined ? 0 : undefined);
    if (graceMs === 0 || signal?.aborted === true) hardStop();
    const cancel = graceMs === undefined ? undefined : this.#context.clock.schedule(graceMs, hardStop);
    signal?.addEventListener('abort', hardStop, { once: true });
    return this.#stopping.finally(() => {
      cancel?.();
      signal?.removeEventListener('abort', hardStop);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stopGracefully(): Promise<void> {
    const closed = [...this.#listeners].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#registry.destroyUnadmitted();
    // An error here means that there was nothing to shut down.
    await new Promise<void>((resolve) => this.#library.tryShutdown(() => resolve()));
    await Promise.all(closed);
    await this.#registry.untilEmpty();
  }

  /** Whatever was bound while the server was being stopped is closed again. */
  #own(server: SocketServer): void {
    this.#listeners.add(server);
    if (this.#stopping === undefined) return;
    server.close();
    this.#assertRunning();
  }

  #assertRunning(): void {
    if (this.#stopping !== undefined) throw new SpirekitError('failed-precondition', 'the server has been stopped');
  }
}

/** Messages pass as bytes: our own codecs run in the handlers, where their errors are ours to word. */
function libraryMethod(definition: ServiceDefinition, rpc: MethodDefinition): LibraryService[string] {
  const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    path: methodPath(definition, rpc),
    requestStream: rpc.requestStream,
    responseStream: rpc.responseStream,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
}

function libraryFunction(rpc: MethodDefinition, handler: AnyHandler, env: HandlerEnvironment) {
  if (rpc.requestStream) return bidiFunction(rpc, handler, env);
  return rpc.responseStream ? streamFunction(rpc, handler, env) : unaryFunction(rpc, handler, env);
}

function findHandler(implementation: object, key: string, rpc: MethodDefinition): AnyHandler {
  const handler: unknown = Reflect.get(implementation, key);
  if (typeof handler === 'function') return (request, call) => handler.call(implementation, request, call);
  return () => {
    throw new RpcError(RpcCode.unimplemented, `method ${rpc.name} not implemented`);
  };
}
