import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { goQuote } from '../runtime/go-quote.ts';
import { CallAccount, type ServerShares } from './call-account.ts';
import type { Peer } from './call-context.ts';
import { FairShare } from './fair-share.ts';
import { parseGrpcTimeout } from './grpc-timeout.ts';
import { openServerSession } from './http2/server-session.ts';
import { accountOf, classOf, type PeerClass } from './peer-account.ts';
import { ServerCall } from './server-call.ts';
import { type HandlerEnvironment, type ServedMethod, serveCall } from './server-handlers.ts';
import { ServerStream } from './server-stream.ts';
import { RpcCode, RpcError } from './status.ts';

/** What a dispatcher is given beside what its handlers need. */
export interface DispatcherOptions extends HandlerEnvironment {
  /** Calls under way on one connection. */
  readonly maxConcurrentStreams: number;
  /** Calls under way on the connections of all peers of a class, if set by hand; else {@link MAX_CALLS}. */
  readonly maxCalls: number | undefined;
  /** Bytes of requests that have not been answered, of all calls. */
  readonly maxRequestBytes: number;
  /** Bytes of responses that clients have not taken, of all calls. */
  readonly maxResponseBytes: number;
  readonly keepaliveMs: number;
  /** A client without a certificate that makes no call for so long is sent away. */
  readonly strangerIdleMs: number;
  /** Connections over TLS take no more calls after so long, give or take a tenth. */
  readonly maxConnectionAgeMs: number | undefined;
}

/** Those who connected at the same moment need not come back at the same moment. */
const AGE_JITTER = 0.1;

/** Calls under way at once. A stream of an agent or a workload is one for as long as it is open. */
const MAX_CALLS: Readonly<Record<PeerClass, number>> = { unix: 4096, tls: 16_384, strangers: 1024 };

/**
 * Takes the calls of all connections to the methods that serve them. Nobody can have all of it: calls under way,
 * bytes of requests and bytes of responses that are not read are shared fairly among the peers.
 */
export class CallDispatcher {
  readonly #options: DispatcherOptions;
  readonly #methods = new Map<string, ServedMethod>();
  readonly #services = new Set<string>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #shares: Readonly<Record<PeerClass, ServerShares>>;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const bytes = {
      requestBytes: new FairShare(options.maxRequestBytes),
      responseBytes: new FairShare(options.maxResponseBytes),
    };
    const sharesOf = (peers: PeerClass): ServerShares => ({
      calls: new FairShare(options.maxCalls ?? MAX_CALLS[peers]),
      ...bytes,
    });
    this.#shares = { unix: sharesOf('unix'), tls: sharesOf('tls'), strangers: sharesOf('strangers') };
  }

  /** Serves the methods of a service, each by its path. Returns false if it is served already. */
  add(service: string, methods: ReadonlyMap<string, ServedMethod>): boolean {
    if (this.#services.has(service)) return false;
    this.#services.add(service);
    for (const [path, method] of methods) this.#methods.set(path, method);
    return true;
  }

  /** How many calls are under way. */
  get callCount(): number {
    const { unix, tls, strangers } = this.#shares;
    return unix.calls.total + tls.calls.total + strangers.calls.total;
  }

  /** Speaks HTTP/2 on a connection whose other end is known. */
  serve(socket: Socket, peer: Peer): void {
    const { session, noteAnswer } = openServerSession(socket, this.#options);
    const accountName = accountOf(peer);
    let streams = 0;
    this.#sessions.add(session);
    const cancelIdle = classOf(peer) === 'strangers' ? this.#closeWhenIdle(session, () => streams > 0) : () => {};
    const cancelAge = peer.kind === 'tls' ? this.#closeWhenOld(session) : () => {};
    session.once('close', () => {
      cancelIdle();
      cancelAge();
      this.#sessions.delete(session);
    });
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      streams += 1;
      stream.once('close', () => {
        streams -= 1;
      });
      this.#dispatch(new ServerStream(stream, headers, noteAnswer), headers, raw, peer, accountName);
    });
  }

  /** Takes no more calls; each connection ends with its last call. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Ends all calls. */
  destroy(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #dispatch(
    stream: ServerStream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    peer: Peer,
    accountName: string,
  ): void {
    const path = String(headers[':path'] ?? '');
    const method = this.#methods.get(path);
    const timeout = headers['grpc-timeout'];
    const timeoutMs = timeout === undefined ? undefined : parseGrpcTimeout(String(timeout));
    const notGrpc = findForeignRequest(headers);
    if (notGrpc !== undefined) {
      stream.refuse(notGrpc.httpStatus, notGrpc.error);
    } else if (method === undefined) {
      stream.end(failure(RpcCode.unimplemented, this.#describeUnknown(path)));
    } else if (timeout !== undefined && timeoutMs === undefined) {
      stream.end(failure(RpcCode.internal, `malformed grpc-timeout: ${goQuote(String(timeout))}`));
    } else {
      const account = CallAccount.tryOpen(this.#shares[classOf(peer)], accountName);
      if (account === undefined) {
        stream.end(failure(RpcCode.resourceExhausted, 'too many calls under way at once'));
        return;
      }
      stream.onClose(() => account.close());
      const { clock } = this.#options;
      const call = new ServerCall({ stream, peer, method: path, rawHeaders, timeoutMs, clock });
      void serveCall(method, stream, call, account, this.#options);
    }
  }

  #closeWhenIdle(session: ServerHttp2Session, isBusy: () => boolean): () => void {
    const { clock, strangerIdleMs } = this.#options;
    let cancel: () => void;
    const watch = (): void => {
      cancel = clock.schedule(strangerIdleMs, () => (isBusy() ? watch() : session.destroy()), { unref: true });
    };
    watch();
    return () => cancel();
  }

  /** Calls under way go on; new ones are made on another connection. */
  #closeWhenOld(session: ServerHttp2Session): () => void {
    const { clock, maxConnectionAgeMs } = this.#options;
    if (maxConnectionAgeMs === undefined) return () => {};
    const ageMs = maxConnectionAgeMs * (1 - AGE_JITTER + 2 * AGE_JITTER * Math.random());
    return clock.schedule(ageMs, () => session.close(), { unref: true });
  }

  /** In Go's words. */
  #describeUnknown(path: string): string {
    const [, service, method] = /^\/(.*)\/([^/]*)$/.exec(path) ?? [];
    if (service === undefined) return `malformed method name: ${goQuote(path)}`;
    return this.#services.has(service)
      ? `unknown method ${method} for service ${service}`
      : `unknown service ${service}`;
  }
}

/** What makes a request none of gRPC's, as Go's servers answer it. */
function findForeignRequest(headers: IncomingHttpHeaders): { httpStatus: number; error: RpcError } | undefined {
  if (headers[':method'] !== 'POST') {
    return { httpStatus: 405, error: failure(RpcCode.internal, 'the method must be POST') };
  }
  const type = headers['content-type'] ?? '';
  if (/^application\/grpc($|[+;])/i.test(type)) return undefined;
  const text = `invalid gRPC request content-type ${goQuote(type)}`;
  return { httpStatus: 415, error: failure(RpcCode.invalidArgument, text) };
}

function failure(status: number, description: string): RpcError {
  return new RpcError(status, description);
}
