import type { Server as SocketServer } from 'node:net';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { CallContext, Interceptor, ServiceImplementation } from './call-context.ts';
import { CallDispatcher } from './call-dispatcher.ts';
import { ConnectionRegistry } from './connection-registry.ts';
import type { ListenerContext } from './listener-context.ts';
import type { TlsListener, TlsListenerOptions, UnixListenerOptions } from './listener-options.ts';
import type { AnyHandler, ServedMethod } from './server-handlers.ts';
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
  /**
   * Calls under way on all connections, of which one peer alone can have half: by default 4096 of processes of this
   * machine, 16384 of clients with a certificate and 1024 of those without.
   */
  readonly maxCalls?: number | undefined;
  /** Bytes of requests that have not been answered, of all calls; 64 MiB by default. One peer alone can have half of them. */
  readonly maxRequestBytes?: number | undefined;
  /** Bytes of responses that are not read, of all calls; 512 MiB by default. One peer alone can have half of them. */
  readonly maxResponseBytes?: number | undefined;
  /**
   * Open connections of one listener, of which one peer alone can have half; more are closed at once. By default 4096 on
   * a unix socket, 16384 over TLS and 1024 there of clients without a certificate, or what the open file limit allows.
   */
  readonly maxConnections?: number | undefined;
  /** How long a client may take for the TLS handshake, and for the opening of HTTP/2; 20 s by default. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Clients are asked for a sign of life after so long; 2 h by default, as Go's. They have 20 s. */
  readonly keepaliveMs?: number | undefined;
  /**
   * Connections of TLS clients end after so long, give or take a tenth, with the calls that are under way then; by default
   * they last. Who calls on has to show who it is anew, with what it has by then.
   */
  readonly maxConnectionAgeMs?: number | undefined;
  /** Told of every error whose text the caller did not get to see. */
  readonly onInternalError?: ((error: unknown, call: CallContext | undefined) => void) | undefined;
  /** Told of every connection that was refused, with the address it came from. */
  readonly onConnectionError?: ((error: unknown, from: string) => void) | undefined;
  readonly clock?: Clock | undefined;
}

const DEFAULT_MAX_RECEIVE_BYTES = 4 << 20;
const DEFAULT_MAX_SEND_BYTES = 256 << 20;
const DEFAULT_MAX_CONCURRENT_STREAMS = 1000;
const DEFAULT_MAX_REQUEST_BYTES = 64 << 20;
const DEFAULT_MAX_RESPONSE_BYTES = 512 << 20;
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 20_000;
const DEFAULT_KEEPALIVE_MS = 2 * 60 * 60 * 1000;

/**
 * A gRPC server on unix sockets and TLS ports. Each handler learns from its context who calls: for unix sockets the
 * process as the kernel knows it, for TLS the certificates. A caller that cannot be told is denied.
 *
 * Messages are never compressed: a compressed request is Unimplemented, as at the socket of SPIRE's agent. What one peer can have
 * at once is bounded so that others are served all the same.
 */
export class RpcServer implements AsyncDisposable {
  readonly #dispatcher: CallDispatcher;
  readonly #registry = new ConnectionRegistry();
  readonly #interceptors: Interceptor[] = [];
  readonly #context: ListenerContext;
  readonly #listeners = new Set<SocketServer>();
  #stopping: Promise<void> | undefined;

  constructor(options: RpcServerOptions = {}) {
    const clock = options.clock ?? systemClock;
    const handshakeTimeoutMs = options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS;
    this.#dispatcher = new CallDispatcher({
      clock,
      maxReceiveBytes: options.maxReceiveBytes ?? DEFAULT_MAX_RECEIVE_BYTES,
      maxSendBytes: options.maxSendBytes ?? DEFAULT_MAX_SEND_BYTES,
      maxConcurrentStreams: options.maxConcurrentStreams ?? DEFAULT_MAX_CONCURRENT_STREAMS,
      maxCalls: options.maxCalls,
      maxRequestBytes: options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES,
      maxResponseBytes: options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES,
      keepaliveMs: options.keepaliveMs ?? DEFAULT_KEEPALIVE_MS,
      strangerIdleMs: handshakeTimeoutMs,
      maxConnectionAgeMs: options.maxConnectionAgeMs,
      interceptors: this.#interceptors,
      onInternalError: options.onInternalError,
    });
    this.#context = {
      clock,
      registry: this.#registry,
      maxConnections: options.maxConnections,
      handshakeTimeoutMs,
      serve: (socket, peer) => this.#dispatcher.serve(socket, peer),
      onConnectionError: options.onConnectionError,
    };
  }

  /**
   * Serves a service; methods that the implementation lacks answer `Unimplemented`. Throws `already-exists` for a
   * service that was added before, `unimplemented` for one with a client stream.
   */
  addService<D extends ServiceDefinition>(definition: D, implementation: ServiceImplementation<D>): void {
    const methods = new Map<string, ServedMethod>();
    for (const [key, rpc] of Object.entries(definition.methods)) {
      if (rpc.requestStream && !rpc.responseStream) {
        throw new SpirekitError('unimplemented', `${rpc.name}: streams of requests with one response are not served`);
      }
      methods.set(methodPath(definition, rpc), { rpc, handler: findHandler(implementation, key, rpc) });
    }
    if (!this.#dispatcher.add(definition.fullName, methods)) {
      throw new SpirekitError('already-exists', `${definition.fullName} is served already`);
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

  /** How many calls are under way. */
  get callCount(): number {
    return this.#dispatcher.callCount;
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
      this.#dispatcher.destroy();
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
    this.#dispatcher.close();
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

function findHandler(implementation: object, key: string, rpc: MethodDefinition): AnyHandler {
  const handler: unknown = Reflect.get(implementation, key);
  if (typeof handler === 'function') return (request, call) => handler.call(implementation, request, call);
  return () => {
    throw new RpcError(RpcCode.unimplemented, `method ${rpc.name} not implemented`);
  };
}
