import type { RpcClient } from '../rpc/client.ts';
import { DebugDefinition } from '../wire/gen/spire/api/agent/debug/v1/debug.ts';
import { LoggerDefinition } from '../wire/gen/spire/api/agent/logger/v1/logger.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The calls of the agent's admin socket that operators use. */
export interface AgentAdminClient {
  readonly debug: UnaryClient<typeof DebugDefinition>;
  readonly logger: UnaryClient<typeof LoggerDefinition>;
}

/** Calls an agent's admin API over a connection that the caller owns. */
export function agentAdminClient(rpc: RpcClient): AgentAdminClient {
  return { debug: unaryClient(rpc, DebugDefinition), logger: unaryClient(rpc, LoggerDefinition) };
}
