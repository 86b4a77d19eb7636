import type { RpcClient } from '../rpc/client.ts';
import { FederationDefinition } from '../wire/gen/spirekit/api/server/federation/v1/federation.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The calls of `spirekit.api.server.federation.v1.Federation`. */
export type FederationClient = UnaryClient<typeof FederationDefinition>;

/** Calls `spirekit.api.server.federation.v1.Federation`, which SPIRE's server does not have, over a connection that the caller owns. */
export function federationClient(rpc: RpcClient): FederationClient {
  return unaryClient(rpc, FederationDefinition);
}
