import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { Certificate } from '../crypto/certificate.ts';
import type { Finding } from '../findings/finding.ts';
import { type CertificateView, viewCertificate } from '../inspect/certificate-view.ts';
import { tlsError } from '../inspect/tls-handshake.ts';
import { peerChainDer, SECURE_OPTIONS, tlsMaterial } from '../rpc/tls-material.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { ioReason } from '../runtime/io-reason.ts';
import { alertWords } from './alerts.ts';
import type { MtlsIdentity } from './identity.ts';
import type { PeerRule } from './peer-rule.ts';
import { judgePeer, type PeerVerdict } from './peer-verdict.ts';

/** A caller, as the server sees it. */
export interface Caller {
  /** Address and port that it calls from. */
  readonly address: string;
  readonly verdict: PeerVerdict;
  /** The first URI that it presents, verified or not; empty without one. */
  readonly claims: string;
  readonly chain: readonly CertificateView[];
  readonly protocol: string;
  readonly cipher: string;
}

/** What an {@link EchoServer} tells while it runs. */
export interface EchoEvents {
  /** Somebody has shaken hands, and is let in or not. */
  arrived(caller: Caller): void;
  /** A caller has asked for something. */
  asked(caller: Caller, request: { readonly method: string; readonly path: string }): void;
  /** The connection of one who had shaken hands has ended. */
  left(): void;
  /** There was no handshake: by the caller's address, what is known. */
  failed(finding: Finding): void;
}

export interface EchoOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly identity: MtlsIdentity;
  /** Who is let in; a rule that names nobody lets nobody in. */
  readonly rule: PeerRule;
  readonly events: EchoEvents;
  readonly clock: Clock;
  /** What a caller who was let in is answered. */
  render(caller: Caller): string;
}

/** Connections at a time; more are closed at once. */
const MOST_CONNECTIONS = 64;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Answers each caller over mutual TLS with what it presented: for whoever debugs the other side. Callers are judged as peers
 * are, by the bundle of their own trust domain; one that is refused is told why, over HTTP, and sees nothing else. Sessions
 * are never resumed, so that everybody is looked at each time.
 */
export class EchoServer implements AsyncDisposable {
  readonly #options: EchoOptions;
  readonly #tls: TlsServer;
  readonly #http = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 16 * 1024 });
  readonly #sockets = new Set<TLSSocket>();
  readonly #callers = new WeakMap<object, Promise<Caller>>();
  #identity: MtlsIdentity;

  private constructor(options: EchoOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#tls = createTlsServer({
      ...materialOf(options.identity),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      secureOptions: SECURE_OPTIONS,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      sessionTimeout: 1,
    });
    this.#tls.maxConnections = MOST_CONNECTIONS;
    this.#tls.on('secureConnection', (socket) => this.#welcome(socket));
    this.#tls.on('tlsClientError', (error, socket) =>
      this.#options.events.failed(this.#noHandshake(error, addressOf(socket))),
    );
    this.#http.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response),
    );
    this.#http.on('clientError', (_error, socket) => socket.destroy());
  }

  /** @throws SpirekitError `unavailable` if the address cannot be listened on */
  static async open(options: EchoOptions): Promise<EchoServer> {
    const server = new EchoServer(options);
    await new Promise<void>((resolve, reject) => {
      const refuse = (cause: Error): void =>
        reject(
          new SpirekitError('unavailable', `cannot listen on ${options.host}:${options.port}: ${ioReason(cause)}`, {
            cause,
          }),
        );
      server.#tls.once('error', refuse).listen(options.port, options.host, () => {
        server.#tls.off('error', refuse);
        resolve();
      });
    });
    return server;
  }

  /** Where it listens: `127.0.0.1:8443`. */
  get address(): string {
    const bound: AddressInfo | string | null = this.#tls.address();
    if (bound === null || typeof bound === 'string') return '';
    return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  }

  /** From now on it is this, and knows its callers by these bundles. Connections that are open stay as they are. */
  rotate(identity: MtlsIdentity): void {
    this.#identity = identity;
    this.#tls.setSecureContext({ ...materialOf(identity), minVersion: 'TLSv1.2', secureOptions: SECURE_OPTIONS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #welcome(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#options.events.left();
    });
    socket.on('error', (error) => {
      const failure = tlsError(addressOf(socket), error);
      if (failure.kind === 'alert') this.#options.events.failed(this.#noHandshake(error, addressOf(socket)));
    });
    this.#callers.set(socket, this.#look(socket));
    this.#http.emit('connection', socket);
  }

  async #look(socket: TLSSocket): Promise<Caller> {
    const address = addressOf(socket);
    const { bundles } = this.#identity;
    const chain = parsedChain(socket);
    const protocol = socket.getProtocol() ?? 'unknown';
    const cipher = socket.getCipher().name;
    const verdict = await judgePeer(address, chain, {
      bundles,
      rule: this.#options.rule,
      nowMs: this.#options.clock.nowMs(),
    });
    const isRuleEmpty = this.#options.rule.ids.length + this.#options.rule.trustDomains.length === 0;
    const caller: Caller = {
      address,
      verdict: isRuleEmpty ? { ...verdict, isAccepted: false } : verdict,
      claims: chain[0]?.uris[0]?.slice(0, 2048) ?? '',
      chain: chain.map(viewCertificate),
      protocol,
      cipher,
    };
    this.#options.events.arrived(caller);
    return caller;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const looked = this.#callers.get(request.socket);
    // Whatever it sends beside is not looked at, and does not stay in memory.
    request.resume();
    if (looked === undefined) return void response.destroy();
    const caller = await looked;
    this.#options.events.asked(caller, { method: request.method ?? '', path: request.url ?? '' });
    response.setHeader('content-type', 'application/json');
    response.setHeader('connection', 'close');
    response.statusCode = caller.verdict.isAccepted ? 200 : 403;
    response.end(this.#options.render(caller));
  }

  #noHandshake(error: Error, subject: string): Finding {
    const failure = tlsError(subject, error);
    if (failure.kind !== 'alert') return { code: 'SPK-8006', severity: 'warning', subject, message: failure.message };
    const { isAboutOurs, meaning } = alertWords(failure.alert ?? '');
    const { svid } = this.#identity;
    return {
      code: 'SPK-8021',
      severity: 'error',
      subject,
      message: `the caller ended it with the alert "${failure.alert}": ${isAboutOurs ? 'it does not accept our SVID' : meaning}`,
      evidence: [`we are ${svid.id}`],
      remedy: 'Look on the side of the caller: which bundle of our trust domain it has, and whom it expects.',
    };
  }
}

function materialOf({ svid }: MtlsIdentity) {
  return tlsMaterial(
    svid.certificates.map(({ der }) => der),
    svid.privateKey,
  );
}

/** Empty for a caller without a certificate, and for one whose certificate cannot be read. */
function parsedChain(socket: TLSSocket): Certificate[] {
  try {
    return peerChainDer(socket).map((der) => Certificate.parse(der));
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return [];
  }
}

function addressOf(socket: {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}): string {
  const { remoteAddress, remotePort = 0 } = socket;
  // Once it is closed, a socket does not know any more.
  if (remoteAddress === undefined) return 'a caller';
  return `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}
