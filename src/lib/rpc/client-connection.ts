import { connect as connectSocket, type Socket } from 'node:net';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import type { ConnectOptions } from './connect-options.ts';
import { connectionError, dialError, findUnixPathError } from './dial-error.ts';
import type { ClientSession } from './http2/client-session.ts';
import { http2ErrorName } from './response-status.ts';
import { RpcCode, RpcError } from './status.ts';
import type { RpcTarget } from './target.ts';

const WINDOWS = { streamWindowBytes: 1 << 20, connectionWindowBytes: 4 << 20 };

/** As Go's dialer: the system finds out about a peer that is gone. */
const TCP_KEEPALIVE_MS = 15_000;

/** As Go's default: how long the answer to a ping may take. */
const KEEPALIVE_TIMEOUT_MS = 20_000;

/** One HTTP/2 connection to a target, and the reason of its end once it is lost. */
export class ClientConnection {
  readonly session: ClientSession;
  readonly #closeListeners = new Set<() => void>();
  #isReady = false;
  #failure: unknown;
  #goaway: string | undefined;
  #isDraining = false;
  #isCut = false;
  #isGone = false;

  private constructor(session: ClientSession, socket: Socket, options: ConnectOptions) {
    this.session = session;
    // Node's HTTP/2 before 24 tells the streams of the end before it calls the session destroyed.
    socket.once('close', () => {
      this.#isCut = true;
    });
    const cancelTimer = options.clock.schedule(
      options.connectTimeoutMs,
      () => {
        this.#failure = new SpirekitError('deadline-exceeded', 'context deadline exceeded');
        session.destroy();
      },
      { unref: true },
    );
    session.once('remoteSettings', () => {
      this.#isReady = true;
      cancelTimer();
      if (options.keepaliveMs !== undefined) this.#keepAlive(options.clock, options.keepaliveMs);
    });
    session.on('goaway', (code: number, _last: number, debugData?: Uint8Array) => {
      this.#isDraining = true;
      const detail = debugData === undefined ? '' : `, debug data: ${goQuote(Buffer.from(debugData).toString())}`;
      this.#goaway = `code: ${http2ErrorName(code)}${detail}`;
    });
    session.on('error', (error) => {
      this.#failure ??= error;
    });
    session.once('close', () => {
      cancelTimer();
      this.#isGone = true;
      for (const listener of this.#closeListeners) listener();
      this.#closeListeners.clear();
    });
  }

  /** Connects. Rejects with {@link RpcError}: what went wrong, or what the signal stands for. */
  static async open(target: RpcTarget, options: ConnectOptions): Promise<ClientConnection> {
    const impossible = findUnixPathError(target);
    if (impossible !== undefined) throw impossible;
    const startSession = await loadSession(target, options);
    const socket = await openSocket(target, options);
    return new ClientConnection(await startSession(socket), socket, options);
  }

  /** True once the server has introduced itself with its settings. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** False when no further call may start here. */
  get isUsable(): boolean {
    return !this.#isGone && !this.#isDraining && !this.session.closed && !this.session.destroyed;
  }

  /** True when calls under way here are lost too. */
  get isGone(): boolean {
    return this.#isCut || this.#isGone || this.session.destroyed;
  }

  /**
   * What calls fail with that were under way when the connection ended.
   *
   * @param streamError what the stream of the call was told, if anything
   */
  lossError(streamError: unknown): RpcError {
    const cause = this.#failure ?? streamError;
    const reason = cause === undefined ? 'EOF' : describeFailure(cause);
    if (!this.#isReady) return connectionError(`error reading server preface: ${reason}`, cause);
    const lost = connectionError(`error reading from server: ${reason}`, cause);
    if (this.#goaway === undefined) return lost;
    return new RpcError(
      RpcCode.unavailable,
      `closing transport due to: ${lost.description}, received prior goaway: ${this.#goaway}`,
      { cause },
    );
  }

  /** Calls back once when the connection has ended. */
  onClose(listener: () => void): void {
    if (this.#isGone) listener();
    else this.#closeListeners.add(listener);
  }

  /** Asks for a sign of life after each interval, and gives the connection up when none comes. */
  #keepAlive(clock: Clock, intervalMs: number): void {
    let cancel = clock.schedule(intervalMs, () => ping(), { unref: true });
    const ping = (): void => {
      if (this.isGone) return;
      cancel = clock.schedule(KEEPALIVE_TIMEOUT_MS, giveUp, { unref: true });
      this.session.ping((error) => {
        cancel();
        if (error === null && !this.isGone) cancel = clock.schedule(intervalMs, ping, { unref: true });
      });
    };
    const giveUp = (): void => {
      this.#failure = new SpirekitError('unavailable', 'keepalive ping failed to receive ACK within timeout');
      this.session.destroy();
    };
    this.onClose(() => cancel());
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.session.destroy();
  }
}

/**
 * What turns a connected socket into a session. Code is loaded before there is a socket: an event that came while it
 * loads would go unheard.
 *
 * Commands that make one call over a unix socket start faster without Node's HTTP/2, which takes longer to load than they
 * take to run; everything else gets Node's.
 */
async function loadSession(
  target: RpcTarget,
  options: ConnectOptions,
): Promise<(socket: Socket) => ClientSession | Promise<ClientSession>> {
  if (target.kind === 'unix' && options.http2 !== 'node') {
    const { LightSession } = await import('./http2/light-session.ts');
    return (socket) => new LightSession(socket, WINDOWS);
  }
  const { startNodeSession } = await import('./http2/node-session.ts');
  if (target.kind === 'unix' || target.tls === undefined) return (socket) => startNodeSession(socket, WINDOWS);
  const { host, tls } = target;
  const { startTls } = await import('./client-tls.ts');
  return async (socket) => startNodeSession(await startTls(socket, host, tls, options), WINDOWS);
}

function openSocket(target: RpcTarget, options: ConnectOptions): Promise<Socket> {
  const { signal, clock, connectTimeoutMs } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket =
      target.kind === 'unix'
        ? connectSocket({ path: target.path })
        : connectSocket({
            host: target.host,
            port: target.port,
            noDelay: true,
            keepAlive: true,
            keepAliveInitialDelay: TCP_KEEPALIVE_MS,
          });
    const settle = (finish: () => void): void => {
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      socket.removeListener('connect', onConnect);
      finish();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        socket.on('error', () => {});
        socket.destroy();
        reject(error);
      });
    const onError = (error: Error): void => fail(dialError(target, mainError(error)));
    const onAbort = (): void => fail(signal.reason);
    const onConnect = (): void => settle(() => resolve(socket));
    const cancelTimer = clock.schedule(connectTimeoutMs, () =>
      fail(dialError(target, new SpirekitError('deadline-exceeded', 'i/o timeout'))),
    );
    socket.once('error', onError);
    socket.once('connect', onConnect);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** A name with several addresses fails with all their errors at once; Go reports the last. */
function mainError(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors.at(-1) ?? error) : error;
}

/** Why a connection broke, in the words of Go's HTTP/2: this is what it says when the peer speaks something else. */
function describeFailure(error: unknown): string {
  if (errnoOf(error) === 'ERR_HTTP2_ERROR') return 'http2: frame too large';
  return ioReason(error);
}
