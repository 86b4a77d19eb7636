import type { RpcClient } from '../rpc/client.ts';
import { HealthDefinition } from '../wire/gen/grpc/health/v1/health.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `grpc.health.v1.Health`. */
export type HealthClient = UnaryClient<typeof HealthDefinition>;

/** Calls `grpc.health.v1.Health` over a connection that the caller owns. */
export function healthClient(rpc: RpcClient): HealthClient {
  return unaryClient(rpc, HealthDefinition);
}
