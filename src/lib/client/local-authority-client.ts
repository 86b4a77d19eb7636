import type { RpcClient } from '../rpc/client.ts';
import { LocalAuthorityDefinition } from '../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.localauthority.v1.LocalAuthority`. */
export type LocalAuthorityClient = UnaryClient<typeof LocalAuthorityDefinition>;

/** Calls `spire.api.server.localauthority.v1.LocalAuthority` over a connection that the caller owns. */
export function localAuthorityClient(rpc: RpcClient): LocalAuthorityClient {
  return unaryClient(rpc, LocalAuthorityDefinition);
}
