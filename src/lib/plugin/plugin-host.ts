import { type RpcCallOptions, RpcClient } from '../rpc/client.ts';
import type { RequestOf, ResponseOf, ServiceDefinition, UnaryMethodKey } from '../rpc/service.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import type { ConnInfo } from '../wire/gen/plugin/go_plugin.ts';

/** The number of the broker's connection that leads to the services of the host. */
const HOST_SERVICES_ID = 1;

/** SPIRE, as a plugin can ask it. */
export interface PluginHost {
  /** Full names of the services that it serves to plugins. */
  readonly serviceNames: readonly string[];
  /** Calls one of them. Rejects with {@link RpcError}: `Unavailable` before SPIRE has said where they are. */
  unary<D extends ServiceDefinition, K extends UnaryMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options?: RpcCallOptions,
  ): Promise<ResponseOf<D, K>>;
}

/** The host, whose place the broker tells. */
export class BrokeredHost implements PluginHost, AsyncDisposable {
  serviceNames: readonly string[] = [];
  #client: RpcClient | undefined;

  /** Takes what comes over the broker's stream; what leads elsewhere is not asked for here. */
  async follow(infos: AsyncIterable<ConnInfo>): Promise<void> {
    for await (const { serviceId, network, address } of infos) {
      if (serviceId !== HOST_SERVICES_ID || network !== 'unix') continue;
      await this.#client?.close();
      this.#client = new RpcClient({ kind: 'unix', path: address });
    }
  }

  async unary<D extends ServiceDefinition, K extends UnaryMethodKey<D>>(
    definition: D,
    method: K,
    request: RequestOf<D, K>,
    options?: RpcCallOptions,
  ): Promise<ResponseOf<D, K>> {
    if (this.#client === undefined) throw new RpcError(RpcCode.unavailable, 'the host has not said where it serves');
    return this.#client.unary(definition, method, request, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.close();
  }
}
