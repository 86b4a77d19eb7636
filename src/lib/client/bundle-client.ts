import type { RpcClient } from '../rpc/client.ts';
import { BundleDefinition } from '../wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.bundle.v1.Bundle`. */
export type BundleClient = UnaryClient<typeof BundleDefinition>;

/** Calls `spire.api.server.bundle.v1.Bundle` over a connection that the caller owns. */
export function bundleClient(rpc: RpcClient): BundleClient {
  return unaryClient(rpc, BundleDefinition);
}
