import type { MethodKey, RequestOf, ResponseOf, ServiceDefinition } from './service.ts';

/** A process on this machine that called over a unix socket; its ids come from the kernel and date from its connect. */
export interface UnixPeer {
  readonly kind: 'unix';
  /** Never 0. */
  readonly pid: number;
  /** Effective user id at the time of connect. */
  readonly uid: number;
  /** Effective group id at the time of connect. */
  readonly gid: number;
  /**
   * Whether the process that connected still lives and runs the same program, and so whether `/proc/<pid>` still is its
   * own: ask after reading there, since process ids are used again.
   */
  isAlive(): boolean;
}

/** A caller over TLS. `certificates` is what it presented, in DER, leaf first; empty if it has none. */
export interface TlsPeer {
  readonly kind: 'tls';
  readonly certificates: readonly Uint8Array[];
  /** The remote IP address. */
  readonly address: string;
  readonly port: number;
}

/** Who is calling. */
export type Peer = UnixPeer | TlsPeer;

/** What a handler knows about the call it serves. */
export interface CallContext {
  readonly peer: Peer;
  /** `/package.Service/Method`. */
  readonly method: string;
  /** Request metadata; a key may have come several times. Binary values (`-bin`) are in base64. */
  readonly metadata: { get(key: string): readonly string[] };
  /** Aborts when the caller gives up, its deadline passes, the connection is lost or the server stops hard. */
  readonly signal: AbortSignal;
  /** The caller's deadline in milliseconds since the Unix epoch, if it set one. */
  readonly deadlineMs: number | undefined;
  /** What interceptors found out, for the handler (and for later interceptors). */
  readonly values: Map<symbol, unknown>;
  /** Sends the response headers at once, so that a caller learns that its stream is served before the first message. */
  sendHeaders(): void;
  /** Adds a trailer to the answer. */
  setTrailer(key: string, value: string): void;
}

/** The handler of one method. */
type MethodHandler<D extends ServiceDefinition, K extends MethodKey<D>> = D['methods'][K]['requestStream'] extends true
  ? (requests: AsyncIterable<RequestOf<D, K>>, call: CallContext) => AsyncIterable<ResponseOf<D, K>>
  : D['methods'][K]['responseStream'] extends true
    ? (request: RequestOf<D, K>, call: CallContext) => AsyncIterable<ResponseOf<D, K>>
    : (request: RequestOf<D, K>, call: CallContext) => Promise<ResponseOf<D, K>>;

/**
 * The handlers of a service: one function for each method, by its key in the definition. Missing ones answer
 * `Unimplemented`. `this` is the implementation itself.
 */
export type ServiceImplementation<D extends ServiceDefinition> = {
  [K in MethodKey<D>]?: MethodHandler<D, K>;
};

/**
 * Runs around every call, outermost first. `next` runs the rest and settles when the call has been answered (with the
 * last message of a stream), rejecting with what the handler threw. To refuse a call: throw without calling it.
 */
export type Interceptor = (call: CallContext, next: () => Promise<void>) => Promise<void>;
