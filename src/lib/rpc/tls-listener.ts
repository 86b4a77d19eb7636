import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { SpirekitError } from '../runtime/errors.ts';
import type { TlsPeer } from './call-context.ts';
import { admitConnection, type ListenerContext, refuseConnection, untilListening } from './listener-context.ts';
import type { TlsListener, TlsListenerOptions } from './listener-options.ts';
import { peerChainDer, SECURE_OPTIONS, tlsMaterial } from './tls-material.ts';

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
  const server = createServer({
    ...secureContextOptions(options),
    ALPNProtocols: ['h2'],
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: context.handshakeTimeoutMs,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEPALIVE_MS,
  });
  server.maxConnections = context.maxConnections;
  server.on('connection', (socket: Socket) => context.registry.track(socket));
  server.on('tlsClientError', (error, socket) => refuseConnection(context, socket, error, addressOf(socket)));
  server.on('secureConnection', (socket) => {
    // The close of this one takes the identity back; its TCP socket below is counted already.
    socket.on('error', () => {});
    const from = addressOf(socket);
    try {
      admitConnection(context, socket, authenticate(socket, options));
    } catch (error) {
      refuseConnection(context, socket, error, from);
    }
  });
  const listening = untilListening(server);
  server.listen({ host: options.host, port: options.port });
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
    rotate: () => server.setSecureContext(secureContextOptions(options)),
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
function authenticate(socket: TLSSocket, options: TlsListenerOptions): TlsPeer {
  if (socket.alpnProtocol !== 'h2') {
    throw new SpirekitError('failed-precondition', 'the client did not agree on HTTP/2 (ALPN)');
  }
  const certificates = peerChainDer(socket);
  const peer: TlsPeer = {
    kind: 'tls',
    certificates,
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
  };
  if (certificates.length > 0) options.verifyClient?.(certificates, peer);
  else if (options.requireClientCertificate === true) {
    throw new SpirekitError('unauthenticated', 'the client presented no certificate');
  }
  return peer;
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}
