import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { BundlePublisher } from '../plugin/bundlepublisher/bundle-publisher.ts';
import type { ServerPluginDeps } from './server-plugin-deps.ts';

/** The bundle publishers that come with the server. */
export const bundlePublishers: BuiltInPlugins<ServerPluginDeps, BundlePublisher> = {
  aws_s3: async () => (await import('../plugin/bundlepublisher/aws-s3/plugin.ts')).s3BundlePublisher,
  k8s_configmap: async () => (await import('../plugin/bundlepublisher/k8s-configmap/plugin.ts')).k8sConfigMapPublisher,
};
