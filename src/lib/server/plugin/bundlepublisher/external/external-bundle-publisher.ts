import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import type { AuthorityBundle } from '../../../../spiffe/authority-bundle.ts';
import { bundleToWire } from '../../../../wire/convert/bundle.ts';
import { BundlePublisherDefinition } from '../../../../wire/gen/spire/plugin/server/bundlepublisher/v1/bundlepublisher.ts';
import type { BundlePublisher } from '../bundle-publisher.ts';

/** Publishing goes over networks. SPIRE waits for ever. */
const PUBLISH_TIMEOUT_MS = 60_000;

/** A bundle publisher that is a program of its own. */
export const externalBundlePublisher: ExternalPluginType<BundlePublisher> = {
  service: BundlePublisherDefinition,
  adapt: (plugin) => new ExternalBundlePublisher(plugin),
};

class ExternalBundlePublisher implements BundlePublisher {
  readonly name: string;
  readonly #plugin: ExternalPlugin;

  constructor(plugin: ExternalPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async publishBundle(
    bundle: AuthorityBundle,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted();
    const request = { bundle: bundleToWire(bundle) };
    await this.#plugin.unary(BundlePublisherDefinition, 'publishBundle', request, {
      signal,
      timeoutMs: PUBLISH_TIMEOUT_MS,
    });
  }
}
