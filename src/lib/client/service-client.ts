import type { RpcCallOptions, RpcClient } from '../rpc/client.ts';
import type { RequestOf, ResponseOf, ServiceDefinition, UnaryMethodKey } from '../rpc/service.ts';

/** A service's calls of one request and one response, as methods. They reject with `RpcError`. */
export type UnaryClient<D extends ServiceDefinition> = {
  readonly [K in UnaryMethodKey<D>]: (request: RequestOf<D, K>, options?: RpcCallOptions) => Promise<ResponseOf<D, K>>;
};

/** Names the unary calls of a service; streams are opened on the {@link RpcClient} itself. */
export function unaryClient<D extends ServiceDefinition>(rpc: RpcClient, definition: D): UnaryClient<D> {
  const calls: Record<string, unknown> = {};
  for (const [key, method] of Object.entries(definition.methods)) {
    if (method.requestStream || method.responseStream) continue;
    calls[key] = (request: never, options?: RpcCallOptions) =>
      rpc.unary(definition, key as UnaryMethodKey<D>, request, options);
  }
  // Exactly the unary methods of the definition were put in above.
  return calls as UnaryClient<D>;
}
