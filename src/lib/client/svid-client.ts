import type { RpcClient } from '../rpc/client.ts';
import { SVIDDefinition } from '../wire/gen/spire/api/server/svid/v1/svid.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.svid.v1.SVID`. */
export type SvidClient = UnaryClient<typeof SVIDDefinition>;

/** Calls `spire.api.server.svid.v1.SVID` over a connection that the caller owns. */
export function svidClient(rpc: RpcClient): SvidClient {
  return unaryClient(rpc, SVIDDefinition);
}
