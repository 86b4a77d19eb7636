import { createServer, type ServerResponse } from 'node:http';
import { SpirekitError } from './errors.ts';
import { HttpListener } from './http-listener.ts';
import type { Logger } from './logger.ts';

/** How a daemon is, part by part. */
export interface HealthReport {
  /** Whether the daemon is worth keeping alive. */
  readonly isLive: boolean;
  /** Whether it can do its work. */
  readonly isReady: boolean;
  /** What is wrong, by part; an empty object for a part that is well. The body of the answer. */
  readonly details: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Where health is asked for; the `health_checks` of a configuration fits. */
interface HealthAddress {
  /** Host without brackets. */
  readonly bindAddress: string;
  /** A number, or `http`. */
  readonly bindPort: string;
  readonly livePath: string;
  readonly readyPath: string;
}

/** What {@link listenForHealth} needs. */
export interface HealthListenerOptions {
  readonly address: HealthAddress;
  /** Asked for each request; a rejection counts as neither live nor ready. */
  readonly check: (options: { signal: AbortSignal }) => Promise<HealthReport>;
  readonly log: Logger;
}

/**
 * Health over HTTP as SPIRE's daemons serve it: 200 if live (or ready), 500 if not, and JSON that says what is wrong.
 * Whoever can reach the address can ask.
 *
 * Errors: `invalid-config` for a port that is none, `io-error` when the address cannot be bound.
 */
export async function listenForHealth({ address, check, log }: HealthListenerOptions): Promise<HttpListener> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    const isReadiness = path === address.readyPath;
    if (!isReadiness && path !== address.livePath) {
      // The words of Go's servers.
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    check({ signal: gone.signal })
      .then(({ isLive, isReady, details }) => answer(response, isReadiness ? isReady : isLive, details))
      .catch((error: unknown) => {
        log.warn('Health check failed', { error });
        answer(response, false, {});
      });
  });
  const { bindAddress, bindPort } = address;
  const listener = await HttpListener.open(server, { host: bindAddress, port: portOf(bindPort) });
  log.info('Serving health checks', { address: `${bindAddress}:${bindPort}` });
  return listener;
}

function answer(response: ServerResponse, isWell: boolean, details: HealthReport['details']): void {
  response.writeHead(isWell ? 200 : 500, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(details)}\n`);
}

function portOf(text: string): number {
  const port = text === 'http' ? 80 : Number(text);
  if (/^\d+$|^http$/.test(text) && port <= 65_535) return port;
  throw new SpirekitError('invalid-config', `health_checks.bind_port ${JSON.stringify(text)} is not a port`);
}
