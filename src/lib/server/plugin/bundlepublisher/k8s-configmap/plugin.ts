import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { ConfigError } from '../../../../config/config-error.ts';
import { k8sConfigMapSchema, missingInCluster } from '../../../../config/plugin-check/bundle-publishers.ts';
import { decodeText } from '../../../../config/schema/schema.ts';
import { prefixed, SpirekitError } from '../../../../runtime/errors.ts';
import { goQuote } from '../../../../runtime/go-quote.ts';
import { ResourceStack } from '../../../../runtime/resource-stack.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { KubeClient } from '../../../kubernetes/kube-client.ts';
import { loadKubeAccess } from '../../../kubernetes/kube-config.ts';
import { parseBundleFormat, parseRefreshHint } from '../bundle-format.ts';
import type { BundlePublisher } from '../bundle-publisher.ts';
import { type ConfigMapTarget, K8sConfigMapPublisher } from './k8s-configmap-publisher.ts';

/** BundlePublisher `k8s_configmap`: `clusters`, each with a config map, and a kubeconfig unless the server runs there. */
export const k8sConfigMapPublisher: BuiltInPlugin<ServerPluginDeps, BundlePublisher> = {
  isConfigurable: true,

  validate(data) {
    try {
      for (const [name, cluster] of decodeText(k8sConfigMapSchema, data).clusters) {
        const fault = missingInCluster(name, cluster);
        if (fault !== undefined) return [fault];
        parseBundleFormat(cluster.format);
        parseRefreshHint(cluster.refresh_hint);
      }
      return [];
    } catch (error) {
      return [`unable to decode configuration: ${SpirekitError.from(error).message}`];
    }
  },

  async open(data, { clock, log }) {
    await using opening = new ResourceStack();
    const targets: ConfigMapTarget[] = [];
    for (const [cluster, settings] of decodeText(k8sConfigMapSchema, data).clusters) {
      try {
        const access = await loadKubeAccess(settings.kubeconfig_path, process.env);
        const client = opening.use(new KubeClient(access, clock));
        targets.push({
          ...{ cluster, client, namespace: settings.namespace, name: settings.configmap_name },
          key: settings.configmap_key,
          format: parseBundleFormat(settings.format),
          refreshHintSeconds: parseRefreshHint(settings.refresh_hint),
        });
      } catch (error) {
        throw new ConfigError(
          prefixed(`failed to create Kubernetes client for cluster ${goQuote(cluster)}`, error).message,
          { cause: error },
        );
      }
    }
    if (targets.length === 0) log.warn('No clusters configured, bundle will not be published');
    opening.move();
    return new K8sConfigMapPublisher({ targets, log });
  },
};
