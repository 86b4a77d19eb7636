import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import type { AuthorityBundle } from '../../../../spiffe/authority-bundle.ts';
import { bundleToWire } from '../../../../wire/convert/bundle.ts';
import { NotifierDefinition } from '../../../../wire/gen/spire/plugin/server/notifier/v1/notifier.ts';
import type { Notifier } from '../notifier.ts';

/** Notifiers talk to others over networks. SPIRE waits for ever. */
const NOTIFY_TIMEOUT_MS = 60_000;

/** A notifier that is a program of its own. */
export const externalNotifier: ExternalPluginType<Notifier> = {
  service: NotifierDefinition,
  adapt: (plugin) => new ExternalNotifier(plugin),
};

class ExternalNotifier implements Notifier {
  readonly name: string;
  readonly #plugin: ExternalPlugin;

  constructor(plugin: ExternalPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async notifyBundleUpdated(
    bundle: AuthorityBundle,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted();
    const value = { bundle: bundleToWire(bundle) };
    const request = { event: { $case: 'bundleUpdated', value } } as const;
    await this.#plugin.unary(NotifierDefinition, 'notify', request, { signal, timeoutMs: NOTIFY_TIMEOUT_MS });
  }

  async notifyBundleLoaded(
    bundle: AuthorityBundle,
    { signal }: { readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted();
    const value = { bundle: bundleToWire(bundle) };
    const request = { event: { $case: 'bundleLoaded', value } } as const;
    await this.#plugin.unary(NotifierDefinition, 'notifyAndAdvise', request, { signal, timeoutMs: NOTIFY_TIMEOUT_MS });
  }
}
