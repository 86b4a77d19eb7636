import type { RpcClient } from '../rpc/client.ts';
import { LoggerDefinition } from '../wire/gen/spire/api/server/logger/v1/logger.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.logger.v1.Logger`. */
export type LoggerClient = UnaryClient<typeof LoggerDefinition>;

/** Calls `spire.api.server.logger.v1.Logger` over a connection that the caller owns. */
export function loggerClient(rpc: RpcClient): LoggerClient {
  return unaryClient(rpc, LoggerDefinition);
}
