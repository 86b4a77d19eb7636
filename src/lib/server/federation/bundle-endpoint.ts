import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { FairShare } from '../../rpc/fair-share.ts';
import { accountOfAddress } from '../../rpc/peer-account.ts';
import { SECURE_OPTIONS } from '../../rpc/tls-material.ts';
import type { Clock } from '../../runtime/clock.ts';
import { prefixed } from '../../runtime/errors.ts';
import { HttpListener } from '../../runtime/http-listener.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ServingIdentity, TlsIdentity } from './serving-identity.ts';

/** What the endpoint serves, and where. */
export interface BundleEndpointOptions {
  /** IP address; empty for all of this machine. */
  readonly address: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly identity: ServingIdentity;
  /** The body of the answer. */
  readonly document: () => Promise<string>;
  /** Key exchange groups to offer in place of OpenSSL's. */
  readonly keyExchangeGroups?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of everybody together. Of these, an address may have as many as would still be free. */
const MOST_CONNECTIONS = 200;

/** For the handshake. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** For a connection, with its handshake, request and answer; each has one request. */
const CONNECTION_TIMEOUT_MS = 30_000;

/**
 * The bundle endpoint of this server (SPIFFE Federation section 5): answers GET requests for `/` with the bundle of its trust
 * domain, to everybody who can reach it.
 */
export class BundleEndpoint implements AsyncDisposable {
  readonly #listener: HttpListener;

  private constructor(listener: HttpListener) {
    this.#listener = listener;
  }

  /** Error: `io-error` when the address cannot be bound. */
  static async open(options: BundleEndpointOptions): Promise<BundleEndpoint> {
    const { address, port, log } = options;
    const server = createServer(tlsOptions(options, options.identity.current));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      request.resume();
      answer(request, response, options).catch((error: unknown) => {
        log.error('Unable to retrieve local bundle', { error });
        refuse(response, 500, '500 unable to retrieve local bundle');
      });
    });
    guard(server, options);
    try {
      return new BundleEndpoint(await HttpListener.open(server, { host: address, port }));
    } catch (error) {
      throw prefixed('bundle endpoint', error);
    }
  }

  /** The bound port. */
  get port(): number {
    return this.#listener.port;
  }

  /** Ends all connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener[Symbol.asyncDispose]();
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { document }: BundleEndpointOptions,
): Promise<void> {
  if (request.method !== 'GET') return refuse(response, 405, '405 method not allowed');
  if (request.url?.split('?', 1)[0] !== '/') return refuse(response, 404, '404 page not found');
  const text = await document();
  response.writeHead(200, { 'Content-Type': 'application/json', Connection: 'close' }).end(text);
}

/** The sentences are SPIRE's. */
function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  });
  response.end(`${sentence}\n`);
}

/** Bounds every connection before TLS costs anything, and gives each handshake the identity of the moment. */
function guard(server: Server, options: BundleEndpointOptions): void {
  const { identity, clock, log } = options;
  const connections = new FairShare(MOST_CONNECTIONS);
  let shown = identity.current;
  const refuseConnection = (socket: Socket, error: unknown): void => {
    log.debug('Connection to the bundle endpoint refused', { error });
    socket.destroy();
  };
  // Before Node's own listener, which takes the certificate for the handshake.
  server.prependListener('connection', (socket: Socket) => {
    const account = accountOfAddress(socket.remoteAddress ?? '');
    if (!connections.tryTake(account)) {
      refuseConnection(socket, `${account} has too many connections`);
      return;
    }
    const cancel = clock.schedule(CONNECTION_TIMEOUT_MS, () => socket.destroy(), { unref: true });
    socket.once('close', () => {
      cancel();
      connections.giveBack(account);
    });
    try {
      const { current } = identity;
      if (current !== shown) server.setSecureContext(tlsOptions(options, current));
      shown = current;
    } catch (error) {
      refuseConnection(socket, error);
    }
  });
  server.on('tlsClientError', (error, socket) => refuseConnection(socket, error));
}

function tlsOptions({ keyExchangeGroups }: BundleEndpointOptions, identity: TlsIdentity) {
  return {
    ...identity,
    minVersion: 'TLSv1.2' as const,
    secureOptions: SECURE_OPTIONS,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ALPNProtocols: ['http/1.1'],
    ...(keyExchangeGroups !== undefined && { ecdhCurve: keyExchangeGroups }),
  };
}
