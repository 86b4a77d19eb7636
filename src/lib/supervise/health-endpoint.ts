import { createServer } from 'node:http';
import { prepareSocketPath } from '../rpc/unix-socket-file.ts';
import { HttpListener } from '../runtime/http-listener.ts';
import type { HealthAddress } from './health-address.ts';
import type { ReadinessReport } from './readiness.ts';

/** What an endpoint answers. */
export interface HealthEndpointOptions {
  readonly address: HealthAddress;
  readonly livePath: string;
  readonly readyPath: string;
  readonly report: () => ReadinessReport;
}

/**
 * Tells over HTTP whether we live, and whether all that was asked for is written and has not expired: 200 if so, 503 if not,
 * with JSON that says why. Only those on this machine are told more than yes or no.
 *
 * @throws SpirekitError `io-error` when the address cannot be bound, `already-exists` when somebody listens on the socket
 */
export async function openHealthEndpoint(options: HealthEndpointOptions): Promise<HttpListener> {
  const { address, livePath, readyPath, report } = options;
  const isPrivate = address.kind === 'unix' || /^(?:127\.|::1$)/.test(address.host);
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else if (path === livePath || path === readyPath) {
      const found = report();
      const isWell = path === livePath || found.isReady;
      const body = isPrivate ? shown(found) : { ready: found.isReady };
      response
        .writeHead(isWell ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
        .end(`${JSON.stringify(body)}\n`);
    } else {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
    }
  });
  if (address.kind === 'tcp') return HttpListener.open(server, address);
  await prepareSocketPath(address.path);
  return HttpListener.open(server, { path: address.path });
}

function shown({ isReady, reasons, spiffeId, expiresAtMs }: ReadinessReport): Readonly<Record<string, unknown>> {
  return {
    ready: isReady,
    reasons,
    ...(spiffeId === undefined ? {} : { spiffe_id: spiffeId }),
    ...(expiresAtMs === undefined ? {} : { expires_at: new Date(expiresAtMs).toISOString() }),
  };
}
