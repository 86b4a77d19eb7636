import { createServer, type Server, type ServerResponse } from 'node:http';
import type { HealthChecksConfig } from '../../config/section/health-checks.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';

/** How the agent is. */
export interface AgentHealth {
  /** Whether it is worth keeping alive. */
  readonly isLive: boolean;
  /** Whether workloads can be served. */
  readonly isReady: boolean;
}

/** What {@link HealthListener.open} needs. */
export interface HealthListenerOptions {
  readonly config: HealthChecksConfig;
  readonly check: (options: { signal: AbortSignal }) => Promise<AgentHealth>;
  readonly log: Logger;
}

/**
 * The `health_checks` of the configuration over HTTP: 200 if the agent is live or ready, 500 if not, with SPIRE's JSON
 * body. Whoever can reach the address can ask.
 */
export class HealthListener implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Rejects with `io-error` when the address cannot be bound. */
  static async open(options: HealthListenerOptions): Promise<HealthListener> {
    const { config, check, log } = options;
    const server = createServer((request, response) => {
      const path = request.url?.split('?', 1)[0];
      const isReadiness = path === config.readyPath;
      if (!isReadiness && path !== config.livePath) {
        response.writeHead(404).end();
        return;
      }
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      check({ signal: gone.signal })
        .then(({ isLive, isReady }) => answer(response, isReadiness ? isReady : isLive))
        .catch((error: unknown) => {
          log.warn('Health check failed', { error });
          answer(response, false);
        });
    });
    server.requestTimeout = 10_000;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen({ host: config.bindAddress, port: portOf(config.bindPort) }, resolve);
    try {
      await promise;
    } catch (error) {
      throw SpirekitError.from(error);
    }
    log.info('Serving health checks', { address: `${config.bindAddress}:${config.bindPort}` });
    return new HealthListener(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}

function answer(response: ServerResponse, isWell: boolean): void {
  const details = isWell ? {} : { make_new_x509_err: 'workload api is unavailable' };
  response
    .writeHead(isWell ? 200 : 500, { 'Content-Type': 'application/json' })
    .end(`${JSON.stringify({ agent: details })}\n`);
}

function portOf(text: string): number {
  const port = text === 'http' ? 80 : Number(text);
  if (/^\d+$|^http$/.test(text) && port <= 65_535) return port;
  throw new SpirekitError('invalid-config', `health_checks.bind_port ${JSON.stringify(text)} is not a port`);
}
