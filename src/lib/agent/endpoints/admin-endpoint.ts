import type { ServiceImplementation } from '../../rpc/call-context.ts';
import type { RpcServer } from '../../rpc/server.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { CallCounterDeps } from '../../telemetry/call-counter.ts';
import { DebugDefinition } from '../../wire/gen/spire/api/agent/debug/v1/debug.ts';
import { LoggerDefinition } from '../../wire/gen/spire/api/agent/logger/v1/logger.ts';
import { countConnections } from './connection-metrics.ts';
import { endpointServer } from './endpoint-server.ts';

/** What {@link AdminEndpoint.open} needs. */
export interface AdminEndpointOptions {
  readonly socketPath: string;
  readonly debug: ServiceImplementation<typeof DebugDefinition>;
  /** Undefined if the log cannot be changed. */
  readonly logger: ServiceImplementation<typeof LoggerDefinition> | undefined;
  readonly counters: CallCounterDeps;
  readonly log: Logger;
}

/** The directory is made with this mode if it is missing. */
export const ADMIN_DIR_MODE = 0o750;

/**
 * The agent's socket for administrators of the machine: debug and logger. Who may connect is up to the modes of socket
 * and directory. The delegated identity API is not served and answers Unimplemented.
 */
export class AdminEndpoint implements AsyncDisposable {
  readonly #server: RpcServer;
  readonly #log: Logger;

  private constructor(server: RpcServer, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  /** Rejects with `already-exists` if another agent serves the socket, `invalid-argument`, `io-error`. */
  static async open(options: AdminEndpointOptions): Promise<AdminEndpoint> {
    const { socketPath } = options;
    const log = options.log.with({ network: 'unix', address: socketPath });
    const server = endpointServer(log, options.counters);
    server.use(countConnections('debug_api', `/${DebugDefinition.fullName}/`, options.counters.metrics));
    server.addService(DebugDefinition, options.debug);
    if (options.logger !== undefined) server.addService(LoggerDefinition, options.logger);
    await server.listenUnix({ path: socketPath, socketMode: 0o770, dirMode: ADMIN_DIR_MODE });
    log.info('Starting Admin APIs');
    return new AdminEndpoint(server, log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.info('Stopping Admin APIs');
    await this.#server.stop();
    this.#log.info('Admin APIs have stopped');
  }
}
