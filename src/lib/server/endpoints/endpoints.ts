import type { CallContext, Interceptor } from '../../rpc/call-context.ts';
import { PQ_GROUPS } from '../../rpc/pq-groups.ts';
import { RpcServer, type TlsListener } from '../../rpc/server.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { errnoOf } from '../../runtime/io-reason.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { X509BundleSource } from '../../spiffe/bundle-source.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { ServerSvidSource } from '../ca/server-svid.ts';
import { clientVerifier } from './client-verifier.ts';

/** What the endpoints serve, and where. */
export interface EndpointsConfig {
  readonly trustDomain: TrustDomain;
  /** As the client verifier's. */
  readonly adminIds: readonly SpiffeId[];
  /** Host or address of the port for agents. */
  readonly bindAddress: string;
  /** 0 takes a free port. */
  readonly bindPort: number;
  /** Refuse TLS clients that offer no key exchange which withstands quantum computers. */
  readonly requirePqKem: boolean;
  /** Networks of proxies whose PROXY protocol headers are believed on the TLS port. */
  readonly proxyProtocolTrustedCidrs: readonly string[];
  /** The private socket. */
  readonly socketPath: string;
  readonly serverSvid: ServerSvidSource;
  readonly bundles: X509BundleSource;
  /** Run around every call, outermost first. */
  readonly interceptors: readonly Interceptor[];
  /** Adds the services for agents and operators, which both endpoints serve. */
  readonly addServices: (server: RpcServer) => void;
  /** Adds those that only the private socket serves. */
  readonly addLocalServices: (server: RpcServer) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** As SPIRE's: a nested server keeps its connection for as long as it may, and shows its present SVID only on a new one. */
const MAX_CONNECTION_AGE_MS = 3 * 60_000;

/** How long calls under way may take when the server stops. */
const GRACE_MS = 10_000;

/** Folder and file mode of the private socket: its user and group. */
const SOCKET_DIR_MODE = 0o750;
const SOCKET_MODE = 0o770;

/**
 * The two ways into a server: a TLS port, where agents and admins prove themselves by X509-SVID (or come without one, to
 * attest), and a private unix socket, whose callers are operators of this machine.
 */
export class Endpoints implements AsyncDisposable {
  readonly #config: EndpointsConfig;
  readonly #tcp: RpcServer;
  readonly #local: RpcServer;
  #listener: TlsListener | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(config: EndpointsConfig) {
    this.#config = config;
    this.#tcp = newServer(config);
    this.#local = newServer(config);
    config.addServices(this.#tcp);
    config.addServices(this.#local);
    config.addLocalServices(this.#local);
  }

  /** Binds both. Errors: `already-exists` for a socket that another process serves, `invalid-argument`, `io-error`. */
  static async open(config: EndpointsConfig): Promise<Endpoints> {
    const endpoints = new Endpoints(config);
    try {
      await endpoints.#listen();
      return endpoints;
    } catch (error) {
      await Promise.all([endpoints.#tcp.stop(), endpoints.#local.stop()]);
      throw error;
    }
  }

  /** The bound port. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Waits for calls under way, though not for long. Streams that do not end by themselves must be told before. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stopping ??= Promise.all([
      stop(this.#tcp, this.#config.log.with(this.#tcpAddress())),
      stop(this.#local, this.#config.log.with(this.#localAddress())),
    ]).then(() => undefined);
    return this.#stopping;
  }

  async #listen(): Promise<void> {
    const { serverSvid, bindAddress, bindPort, requirePqKem, socketPath, log } = this.#config;
    const trustedProxies = this.#config.proxyProtocolTrustedCidrs;
    const verifyClient = clientVerifier(this.#config);
    const listener = await this.#tcp
      .listenTls({
        host: bindAddress,
        port: bindPort,
        secureContext: () => ({
          certificateChain: serverSvid.current.certificates.map((certificate) => certificate.der),
          privateKey: serverSvid.current.privateKey,
        }),
        verifyClient,
        trustedProxies,
        ...(requirePqKem && { keyExchangeGroups: PQ_GROUPS }),
      })
      .catch((cause: unknown) => {
        throw bindError(this.#tcpAddress().address, cause);
      });
    this.#listener = listener;
    if (trustedProxies.length > 0) {
      log.info('PROXY protocol enabled on TCP listener', { trusted_cidrs: `[${trustedProxies.join(' ')}]` });
    }
    serverSvid.onRotate(() => listener.rotate());
    log.info('Starting Server APIs', this.#tcpAddress());
    await this.#local.listenUnix({ path: socketPath, socketMode: SOCKET_MODE, dirMode: SOCKET_DIR_MODE });
    log.info('Starting Server APIs', this.#localAddress());
  }

  #tcpAddress(): { address: string; network: string } {
    const { host, port } = this.#listener ?? { host: this.#config.bindAddress, port: this.#config.bindPort };
    return { address: `${host.includes(':') ? `[${host}]` : host}:${port}`, network: 'tcp' };
  }

  #localAddress(): { address: string; network: string } {
    return { address: this.#config.socketPath, network: 'unix' };
  }
}

function newServer({ clock, log, interceptors }: EndpointsConfig): RpcServer {
  const server = new RpcServer({
    clock,
    maxConnectionAgeMs: MAX_CONNECTION_AGE_MS,
    onInternalError: (error: unknown, call: CallContext | undefined) =>
      log.error('Unexpected error in a call', { method: call?.method, error }),
    // Anybody may connect and fail, as often as he likes: no reason to fill the log.
    onConnectionError: (error, from) => log.debug('Connection refused', { caller_addr: from, error }),
  });
  for (const interceptor of interceptors) server.use(interceptor);
  return server;
}

/** In Go's words, which people look for. */
function bindError(address: string, cause: unknown): SpirekitError {
  switch (errnoOf(rootCause(cause))) {
    case 'EADDRINUSE':
      return new SpirekitError('already-exists', `listen tcp ${address}: bind: address already in use`, { cause });
    case 'EACCES':
      return new SpirekitError('permission-denied', `listen tcp ${address}: bind: permission denied`, { cause });
    default:
      return SpirekitError.from(cause);
  }
}

function rootCause(error: unknown): unknown {
  return error instanceof SpirekitError && error.cause !== undefined ? error.cause : error;
}

async function stop(server: RpcServer, log: Logger): Promise<void> {
  log.info('Stopping Server APIs');
  log.info('Attempting graceful stop');
  await server.stop({ graceMs: GRACE_MS });
  log.info('Server APIs have stopped');
}
