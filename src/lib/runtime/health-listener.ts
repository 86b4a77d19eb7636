import { createServer, type Server, type ServerResponse } from 'node:http';
import { SpirekitError } from './errors.ts';
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

/** What {@link HealthListener.open} needs. */
export interface HealthListenerOptions {
  readonly address: HealthAddress;
  /** Asked for each request; a rejection counts as neither live nor ready. */
  readonly check: (options: { signal: AbortSignal }) => Promise<HealthReport>;
  readonly log: Logger;
}

/**
 * Health over HTTP as SPIRE's daemons serve it: 200 if live (or ready), 500 if not, and JSON that says what is wrong.
 * Whoever can reach the address can ask.
 */
export class HealthListener implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Errors: `invalid-config` for a port that is none, `io-error` when the address cannot be bound. */
  static async open({ address, check, log }: HealthListenerOptions): Promise<HealthListener> {
    const server = createServer((request, response) => {
      const path = request.url?.split('?', 1)[0];
      const isReadiness = path === address.readyPath;
      if (!isReadiness && path !== address.livePath) {
        response.writeHead(404).end();
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
    server.requestTimeout = 10_000;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen({ host: address.bindAddress, port: portOf(address.bindPort) }, resolve);
    try {
      await promise;
    } catch (error) {
      throw SpirekitError.from(error);
    }
    log.info('Serving health checks', { address: `${address.bindAddress}:${address.bindPort}` });
    return new HealthListener(server);
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

function answer(response: ServerResponse, isWell: boolean, details: HealthReport['details']): void {
  response.writeHead(isWell ? 200 : 500, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(details)}\n`);
}

function portOf(text: string): number {
  const port = text === 'http' ? 80 : Number(text);
  if (/^\d+$|^http$/.test(text) && port <= 65_535) return port;
  throw new SpirekitError('invalid-config', `health_checks.bind_port ${JSON.stringify(text)} is not a port`);
}
