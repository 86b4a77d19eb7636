import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ExporterTls } from './exporter-tls.ts';
import type { PrometheusMetrics } from './prometheus-metrics.ts';

/** What {@link PrometheusListener.open} needs. */
export interface PrometheusListenerOptions {
  /** Host without brackets. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly metrics: PrometheusMetrics;
  readonly tls: ExporterTls | undefined;
  readonly log: Logger;
}

/** SPIRE's. */
const HEADERS_TIMEOUT_MS = 10_000;
/** A Prometheus server asks with one connection; there may be a few of them. */
const MAX_CONNECTIONS = 64;

/** Answers GET requests for any path with all metrics, as SPIRE's exporter does. */
export class PrometheusListener implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Errors: `io-error` when the address cannot be bound, those of the TLS settings. */
  static async open({ host, port, metrics, tls, log }: PrometheusListenerOptions): Promise<PrometheusListener> {
    const server = tls === undefined ? createHttpServer() : createTlsServer(tls, log);
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = HEADERS_TIMEOUT_MS;
    server.maxConnections = MAX_CONNECTIONS;
    server.on('request', (request, response) => {
      request.resume();
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { Allow: 'GET, HEAD' }).end();
        return;
      }
      metrics.show().then(
        (text) => response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text),
        (error: unknown) => {
          log.error('Could not show the metrics', { error });
          response.writeHead(500).end();
        },
      );
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen({ host, port }, resolve);
    try {
      await promise;
    } catch (error) {
      throw SpirekitError.from(error);
    }
    server.on('error', (error) => log.warn('Prometheus listener failed', { error }));
    return new PrometheusListener(server);
  }

  /** The bound port. */
  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}

function createTlsServer(tls: ExporterTls, log: Logger): Server {
  const server = createHttpsServer(tls.serverOptions());
  const refuse = (socket: Socket, error: unknown): void => {
    log.debug('Connection to the prometheus exporter refused', { error });
    socket.destroy();
  };
  // Before Node's own listener, which takes the certificate for the handshake.
  server.prependListener('connection', (socket: Socket) => {
    try {
      const material = tls.findNewMaterial();
      if (material !== undefined) server.setSecureContext({ ...tls.serverOptions(), ...material });
    } catch (error) {
      refuse(socket, error);
    }
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    try {
      tls.authorize(socket);
    } catch (error) {
      refuse(socket, error);
    }
  });
  return server;
}
