import type { ServiceImplementation } from '../../rpc/call-context.ts';
import type { RpcServer } from '../../rpc/server.ts';
import type { ServiceDefinition } from '../../rpc/service.ts';

/** A service that a daemon serves to its external plugins. */
export interface HostService {
  /** With its package, such as `spire.hostservice.server.agentstore.v1.AgentStore`. */
  readonly fullName: string;
  register(server: RpcServer): void;
}

/** The service with what it is served by. */
export function hostService<D extends ServiceDefinition>(
  definition: D,
  implementation: ServiceImplementation<D>,
): HostService {
  return {
    fullName: definition.fullName,
    register: (server) => server.addService(definition, implementation),
  };
}
