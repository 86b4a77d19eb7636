import type { RpcClient } from '../rpc/client.ts';
import { EntryDefinition } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { type UnaryClient, unaryClient } from './service-client.ts';

/** The unary calls of `spire.api.server.entry.v1.Entry`. */
export type EntryClient = UnaryClient<typeof EntryDefinition>;

/** Calls `spire.api.server.entry.v1.Entry` over a connection that the caller owns. */
export function entryClient(rpc: RpcClient): EntryClient {
  return unaryClient(rpc, EntryDefinition);
}
