import { expect, it } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { KubeApiServer } from '../support/kube-api-server.ts';

const PUBLISHED = '/api/v1/namespaces/spire/configmaps/published';
const NOTIFIED = '/api/v1/namespaces/spire/configmaps/spire-bundle';

it('a server keeps its bundle in the config maps of a cluster, when it starts and as its authorities change', async () => {
  await using api = await KubeApiServer.open();
  api.put(NOTIFIED, { metadata: { name: 'spire-bundle', namespace: 'spire' } });
  const dataIn = (path: string, key: string): string => {
    const data: unknown = api.objects.get(path)?.['data'];
    const text: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, key) : undefined;
    return typeof text === 'string' ? text : '';
  };
  await using deployment = await Deployment.open({
    serverPlugins: `
  BundlePublisher "k8s_configmap" { plugin_data { clusters = { "one" = {
    format = "pem" namespace = "spire" configmap_name = "published" configmap_key = "b.pem"
    kubeconfig_path = "${api.kubeconfig}" } } } }
  Notifier "k8sbundle" { plugin_data { kube_config_file_path = "${api.kubeconfig}" } }`,
  });
  const roots = async (): Promise<string> => (await deployment.server('bundle', 'show')).stdout;
  const first = await roots();
  expect(dataIn(NOTIFIED, 'bundle.crt')).toBe(first);
  await expect.poll(() => dataIn(PUBLISHED, 'b.pem'), { timeout: 30_000 }).toBe(first);

  expect((await deployment.server('localauthority', 'x509', 'prepare')).code).toBe(0);
  const second = await roots();
  expect(second.length).toBeGreaterThan(first.length);
  await expect.poll(() => dataIn(PUBLISHED, 'b.pem'), { timeout: 30_000 }).toBe(second);
  await expect.poll(() => dataIn(NOTIFIED, 'bundle.crt'), { timeout: 30_000 }).toBe(second);
  expect(deployment.log('server')).not.toContain('the-token-of-the-service-account');
}, 120_000);
