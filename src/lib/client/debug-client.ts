import type { RpcClient } from '../rpc/client.ts';
import { DebugDefinition } from '../wire/gen/spire/api/server/debug/v1/debug.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.debug.v1.Debug`. */
export type DebugClient = UnaryClient<typeof DebugDefinition>;

/** Calls `spire.api.server.debug.v1.Debug` over a connection that the caller owns. */
export function debugClient(rpc: RpcClient): DebugClient {
  return unaryClient(rpc, DebugDefinition);
}
