import type { Interceptor, ServiceImplementation } from '../../rpc/call-context.ts';
import { createHealthService } from '../../rpc/health.ts';
import { createReflectionServices } from '../../rpc/reflection.ts';
import type { RpcServer } from '../../rpc/server.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { CallCounterDeps } from '../../telemetry/call-counter.ts';
import { FILE_DESCRIPTORS } from '../../wire/gen/descriptors.ts';
import { HealthDefinition } from '../../wire/gen/grpc/health/v1/health.ts';
import { SpiffeWorkloadAPIDefinition } from '../../wire/gen/workload.ts';
import { countConnections } from './connection-metrics.ts';
import { endpointServer } from './endpoint-server.ts';
import { requireSecurityHeader } from './security-header.ts';

/** What {@link PublicEndpoint.open} needs. */
export interface PublicEndpointOptions {
  readonly socketPath: string;
  /** Undefined when the configuration turns the Workload API off. */
  readonly workloadApi: ServiceImplementation<typeof SpiffeWorkloadAPIDefinition> | undefined;
  /** Whether the Workload API can do its work. */
  readonly isServing: (options: { signal: AbortSignal }) => Promise<boolean>;
  /** Runs around every call that has the header it needs. */
  readonly interceptCalls?: Interceptor | undefined;
  readonly counters: CallCounterDeps;
  readonly log: Logger;
}

/** The directory is made with this mode if it is missing. */
export const PUBLIC_DIR_MODE = 0o755;

/** The agent's socket for every process on the machine: Workload API, health and reflection. */
export class PublicEndpoint implements AsyncDisposable {
  readonly #server: RpcServer;
  readonly #log: Logger;

  private constructor(server: RpcServer, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  /** Rejects with `already-exists` if another agent serves the socket, `invalid-argument`, `io-error`. */
  static async open(options: PublicEndpointOptions): Promise<PublicEndpoint> {
    const { socketPath, workloadApi, log } = options;
    const server = endpointServer(log, options.counters);
    server.use(countConnections('workload_api', `/${SpiffeWorkloadAPIDefinition.fullName}/`, options.counters.metrics));
    server.use(requireSecurityHeader);
    if (options.interceptCalls !== undefined) server.use(options.interceptCalls);
    if (workloadApi !== undefined) server.addService(SpiffeWorkloadAPIDefinition, workloadApi);
    server.addService(
      HealthDefinition,
      createHealthService({
        isServing: options.isServing,
        onError: (error) => log.warn('Health check failed', { error }),
      }),
    );
    const services = [...(workloadApi === undefined ? [] : [SpiffeWorkloadAPIDefinition]), HealthDefinition];
    for (const { definition, implementation } of createReflectionServices(services, FILE_DESCRIPTORS)) {
      server.addService(definition, implementation);
    }
    const apis = workloadApi === undefined ? 'no APIs' : 'Workload API';
    await server.listenUnix({ path: socketPath, socketMode: 0o777, dirMode: PUBLIC_DIR_MODE });
    const endpointLog = log.with({ apis });
    endpointLog.info('Starting agent APIs', { network: 'unix', address: socketPath });
    return new PublicEndpoint(server, endpointLog);
  }

  /** Ends calls under way, as SPIRE's agent: clients of streams connect to the next agent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.info('Stopping agent APIs');
    await this.#server.stop();
  }
}
