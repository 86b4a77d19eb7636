import type { BuiltInPlugin } from '../../../../catalog/built-in-plugin.ts';
import { k8sBundleSchema } from '../../../../config/plugin-check/other-plugins.ts';
import { decodeText, type Infer } from '../../../../config/schema/schema.ts';
import { prefixed } from '../../../../runtime/errors.ts';
import { ResourceStack } from '../../../../runtime/resource-stack.ts';
import type { ServerPluginDeps } from '../../../catalog/server-plugin-deps.ts';
import { KubeClient } from '../../../kubernetes/kube-client.ts';
import { loadKubeAccess } from '../../../kubernetes/kube-config.ts';
import type { Notifier } from '../notifier.ts';
import { apiServices, configMap, webhooks } from './bundle-objects.ts';
import { K8sBundleNotifier, type NotifiedCluster } from './k8s-bundle-notifier.ts';

type Settings = Infer<typeof k8sBundleSchema>;
type Cluster = Omit<Settings, 'clusters'>;

/** Notifier `k8sbundle`: a cluster at the top, more in `clusters`; without settings the one that the server runs in. */
export const k8sBundleNotifier: BuiltInPlugin<ServerPluginDeps, Notifier> = {
  isConfigurable: true,

  validate(data) {
    try {
      const { clusters } = decodeText(k8sBundleSchema, data);
      const lacks = clusters.some(({ kube_config_file_path: path }) => path === '');
      return lacks ? ['cluster configuration is missing kube_config_file_path'] : [];
    } catch {
      return ['plugin configuration is malformed'];
    }
  },

  async open(data, { clock, log, bundles, trustDomain }) {
    const { clusters: others, ...first } = decodeText(k8sBundleSchema, data);
    const hasFirst = others.length === 0 || Object.values(first).some((value) => value !== '');
    const all = [...(hasFirst ? [first] : []), ...others];
    await using opening = new ResourceStack();
    const clusters: NotifiedCluster[] = [];
    for (const cluster of all) {
      const client = opening.use(await openClient(cluster, clock));
      clusters.push({ client, objects: objectsOf(cluster) });
    }
    opening.move();
    const looksForNewObjects = all.some((cluster) => cluster.webhook_label !== '' || cluster.api_service_label !== '');
    return new K8sBundleNotifier({ clusters, looksForNewObjects, trustDomain, bundles, clock, log });
  },
};

async function openClient(cluster: Cluster, clock: ServerPluginDeps['clock']): Promise<KubeClient> {
  try {
    return new KubeClient(await loadKubeAccess(cluster.kube_config_file_path, process.env), clock);
  } catch (error) {
    throw prefixed('unable to create new kubeClients', error);
  }
}

function objectsOf({ webhook_label: webhook, api_service_label: apiService, ...cluster }: Cluster) {
  return [
    configMap(
      cluster.namespace || 'spire',
      cluster.config_map || 'spire-bundle',
      cluster.config_map_key || 'bundle.crt',
    ),
    ...(webhook === '' ? [] : [webhooks('mutating', webhook), webhooks('validating', webhook)]),
    ...(apiService === '' ? [] : [apiServices(apiService)]),
  ];
}
