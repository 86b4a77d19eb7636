import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { BundlePublisher } from '../plugin/bundlepublisher/bundle-publisher.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** The bundle publishers that come with the server. */
export const bundlePublishers: BuiltInPlugins<ServerPluginDeps, BundlePublisher> = {};
