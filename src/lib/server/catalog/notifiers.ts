import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { Notifier } from '../plugin/notifier/notifier.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** The notifiers that come with the server. */
export const notifiers: BuiltInPlugins<ServerPluginDeps, Notifier> = {
  k8sbundle: async () => (await import('../plugin/notifier/k8sbundle/plugin.ts')).k8sBundleNotifier,
};
