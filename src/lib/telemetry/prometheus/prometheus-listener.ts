import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type HttpAddress, HttpListener } from '../../runtime/http-listener.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ExporterTls } from './exporter-tls.ts';
import type { PrometheusMetrics } from './prometheus-metrics.ts';

/** What {@link listenForPrometheus} needs. */
export interface PrometheusListenerOptions {
  readonly address: HttpAddress;
  readonly metrics: PrometheusMetrics;
  readonly tls: ExporterTls | undefined;
  readonly log: Logger;
}

/**
 * Answers GET requests for any path with all metrics, as SPIRE's exporter does.
 *
 * Errors: `io-error` when the address cannot be bound, those of the TLS settings.
 */
export function listenForPrometheus({ address, metrics, tls, log }: PrometheusListenerOptions): Promise<HttpListener> {
  const server = tls === undefined ? createHttpServer() : createTlsServer(tls, log);
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
  return HttpListener.open(server, address);
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
