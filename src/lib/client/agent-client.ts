import type { RpcClient } from '../rpc/client.ts';
import { AgentDefinition } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.agent.v1.Agent`. */
export type AgentClient = UnaryClient<typeof AgentDefinition>;

/** Calls `spire.api.server.agent.v1.Agent` over a connection that the caller owns. */
export function agentClient(rpc: RpcClient): AgentClient {
  return unaryClient(rpc, AgentDefinition);
}
