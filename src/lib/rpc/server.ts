import type { KeyObject } from 'node:crypto';
import { type Clock, systemClock } from '../runtime/clock.ts';
import type { CallContext, Interceptor, ServiceImplementation, TlsPeer, UnixPeer } from './call-context.ts';
import type { ServiceDefinition } from './service.ts';
import { RpcCode, RpcError } from './status.ts';

export type { CallContext, Interceptor, Peer, ServiceImplementation, TlsPeer, UnixPeer } from './call-context.ts';

/** Settings of a server; all have defaults. */
export interface RpcServerOptions {
  /** The largest request message in bytes; 4 MiB by default, as SPIRE's. */
  readonly maxReceiveBytes?: number | undefined;
  /** The largest response message in bytes; 256 MiB by default. */
  readonly maxSendBytes?: number | undefined;
  /** Calls under way on one connection; 1000 by default. */
  readonly maxConcurrentStreams?: number | undefined;
  /** Told of every error whose text the caller did not get to see. */
  readonly onInternalError?: ((error: unknown, call: CallContext | undefined) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/** A unix socket to serve. */
export interface UnixListenerOptions {
  /** At most 107 bytes on Linux. A socket file that nobody listens on is removed first. */
  readonly path: string;
  /** File mode of the socket, for example `0o777`; not subject to the umask. */
  readonly socketMode: number;
  /** If given, the missing parts of the socket's directory are made with this mode. */
  readonly dirMode?: number | undefined;
  /** Sees every connection first; throws to refuse it. */
  readonly onPeer?: ((peer: UnixPeer) => void) | undefined;
}

/** The server's certificates and their key. */
export interface TlsIdentity {
  /** DER, leaf first. */
  readonly certificateChain: readonly Uint8Array[];
  readonly privateKey: KeyObject;
}

/** A TLS port to serve. */
export interface TlsListenerOptions {
  /** The address to bind. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Asked at start and at each {@link TlsListener.rotate}. */
  readonly secureContext: () => TlsIdentity;
  /**
   * Sees the client's certificates (DER, leaf first; never empty) at the end of the handshake; throws to refuse the
   * connection before any call. A client without certificates is let through to the handlers unless
   * `requireClientCertificate` is set.
   */
  readonly verifyClient?: ((chainDer: readonly Uint8Array[], peer: TlsPeer) => void) | undefined;
  /** False by default: an agent has no certificate before attestation. */
  readonly requireClientCertificate?: boolean | undefined;
}

/** A TLS port that is being served. */
export interface TlsListener {
  readonly host: string;
  /** The bound port. */
  readonly port: number;
  /** Takes the identity from `secureContext` again, for connections from now on. */
  rotate(): void;
}

/** A gRPC server on unix sockets and TLS ports. */
export class RpcServer implements AsyncDisposable {
  protected readonly clock: Clock;

  constructor(options: RpcServerOptions = {}) {
    this.clock = options.clock ?? systemClock;
  }

  /** Serves a service; before the first listen. A service may be added once. */
  addService<D extends ServiceDefinition>(definition: D, implementation: ServiceImplementation<D>): void {
    throw notYet(definition, implementation);
  }

  /** Runs around every call that follows, inside those added before. */
  use(interceptor: Interceptor): void {
    throw notYet(interceptor);
  }

  /** Binds a unix socket. Rejects with `io-error` or `invalid-argument` (path too long, in use). */
  async listenUnix(options: UnixListenerOptions): Promise<void> {
    throw notYet(options);
  }

  /** Binds a TLS port. Rejects with `io-error`. */
  async listenTls(options: TlsListenerOptions): Promise<TlsListener> {
    throw notYet(options);
  }

  /**
   * Takes no new connections or calls and waits for the calls under way; when the signal aborts (or has none and
   * `graceMs`, 0 by default, is over) ends them hard. Socket files are removed. May be called again.
   */
  async stop(options: { signal?: AbortSignal | undefined; graceMs?: number | undefined } = {}): Promise<void> {
    void options;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function notYet(..._: unknown[]): RpcError {
  return new RpcError(RpcCode.unimplemented, 'not built yet');
}
