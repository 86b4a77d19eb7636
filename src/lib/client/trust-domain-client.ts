import type { RpcClient } from '../rpc/client.ts';
import { TrustDomainDefinition } from '../wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.trustdomain.v1.TrustDomain`. */
export type TrustDomainClient = UnaryClient<typeof TrustDomainDefinition>;

/** Calls `spire.api.server.trustdomain.v1.TrustDomain` over a connection that the caller owns. */
export function trustDomainClient(rpc: RpcClient): TrustDomainClient {
  return unaryClient(rpc, TrustDomainDefinition);
}
