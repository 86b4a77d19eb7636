import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { SpirekitError } from '../runtime/errors.ts';
import type { TlsPeer } from './call-context.ts';
import { BACKLOG, connectionLimit } from './connection-limit.ts';
import { FairShare } from './fair-share.ts';
import {
  admitConnection,
  type ListenerContext,
  refuseConnection,
  takePeerShare,
  takeShare,
  untilListening,
} from './listener-context.ts';
import type { TlsListener, TlsListenerOptions } from './listener-options.ts';
import { accountOfAddress } from './peer-account.ts';
import type { ProxiedSource } from './proxy-header.ts';
import { peerChainDer, SECURE_OPTIONS, tlsMaterial } from './tls-material.ts';
import { TrustedProxies } from './trusted-proxies.ts';

/** A connection whose client has not shown who it is. */
interface Handshake {
  readonly socket: Socket;
  /** Where the client is, by the word of a trusted proxy; the other end of the socket otherwise. */
  readonly source: ProxiedSource;
  /** Takes the connection off the account of strangers. */
  readonly giveBack: () => void;
}

/** As Go's listeners. */
const TCP_KEEPALIVE_MS = 15_000;

/**
 * Serves a TCP port over TLS 1.2 or later and HTTP/2 by ALPN. Every client is asked for a certificate; the owner
 * decides on it, Node does not. Resolves when bound.
 */
export async function listenOnTls(
  options: TlsListenerOptions,
  context: ListenerContext,
): Promise<{ server: Server; listener: TlsListener }> {
  const tls = createTlsServer({
    ...secureContextOptions(options),
    ALPNProtocols: ['h2'],
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: context.handshakeTimeoutMs,
  });
  const known = new FairShare(connectionLimit('tls', context.maxConnections));
  const strangers = new FairShare(connectionLimit('strangers', context.maxConnections));
  const handshakes = new Map<string, Handshake>();
  const { trustedProxies = [] } = options;
  const proxies = trustedProxies.length > 0 ? new TrustedProxies(trustedProxies) : undefined;
  const begin = (socket: Socket, source: ProxiedSource): void => {
    const giveBack = takeShare(strangers, socket, accountOfAddress(source.address));
    handshakes.set(addressOf(socket), { socket, source, giveBack });
    tls.emit('connection', socket);
  };
  /** Until the header has come, the connection is on the account of whoever opened it. */
  const beginBehind = async (socket: Socket, known: TrustedProxies): Promise<void> => {
    const giveBack = takeShare(strangers, socket, accountOfAddress(socket.remoteAddress ?? ''));
    const source = await known.loadSource(socket, context);
    giveBack();
    begin(socket, source ?? otherEnd(socket));
  };
  // A listener of its own, so that who has too many connections is refused before TLS costs anything.
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS }, (socket) => {
    const from = addressOf(socket);
    context.registry.track(socket);
    socket.once('close', () => {
      if (handshakes.get(from)?.socket === socket) handshakes.delete(from);
    });
    if (proxies !== undefined) {
      beginBehind(socket, proxies).catch((error: unknown) => refuseConnection(context, socket, error, from));
      return;
    }
    try {
      begin(socket, otherEnd(socket));
    } catch (error) {
      refuseConnection(context, socket, error, from);
    }
  });
  tls.on('tlsClientError', (error, socket) => {
    const source = handshakes.get(addressOf(socket))?.source ?? otherEnd(socket);
    refuseConnection(context, socket, error, formatSource(source));
  });
  tls.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    const handshake = handshakes.get(addressOf(socket));
    try {
      if (handshake === undefined) throw new SpirekitError('canceled', 'the client has gone');
      const peer = authenticate(socket, handshake.source, options);
      if (peer.certificates.length > 0) {
        takePeerShare(known, socket, peer);
        handshake.giveBack();
      }
      admitConnection(context, socket, peer, handshake.socket);
    } catch (error) {
      refuseConnection(context, socket, error, formatSource(handshake?.source ?? otherEnd(socket)));
    }
  });
  const listening = untilListening(server);
  server.listen({ host: options.host, port: options.port, backlog: BACKLOG });
  try {
    await listening;
  } catch (error) {
    throw SpirekitError.from(error);
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const listener: TlsListener = {
    host: options.host,
    port,
    rotate: () => tls.setSecureContext(secureContextOptions(options)),
  };
  return { server, listener };
}

function secureContextOptions(options: TlsListenerOptions): TlsOptions {
  const { certificateChain, privateKey } = options.secureContext();
  return {
    ...tlsMaterial(certificateChain, privateKey),
    // None of the machine's CAs: they have no say here, and would be added to the chain that the peer presented.
    ca: [],
    minVersion: 'TLSv1.2',
    secureOptions: SECURE_OPTIONS,
    ...(options.keyExchangeGroups === undefined ? {} : { ecdhCurve: options.keyExchangeGroups }),
  };
}

/** Who came through the handshake. Throws to refuse the connection. */
function authenticate(socket: TLSSocket, source: ProxiedSource, options: TlsListenerOptions): TlsPeer {
  if (socket.alpnProtocol !== 'h2') {
    throw new SpirekitError('failed-precondition', 'the client did not agree on HTTP/2 (ALPN)');
  }
  const certificates = peerChainDer(socket);
  const peer: TlsPeer = {
    kind: 'tls',
    certificates,
    ...source,
  };
  if (certificates.length > 0) options.verifyClient?.(certificates, peer);
  else if (options.requireClientCertificate === true) {
    throw new SpirekitError('unauthenticated', 'the client presented no certificate');
  }
  return peer;
}

function otherEnd(socket: Socket): ProxiedSource {
  return { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
}

function formatSource({ address, port }: ProxiedSource): string {
  return `${address === '' ? 'unknown' : address}:${port}`;
}

/** What tells connections apart. */
function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}
