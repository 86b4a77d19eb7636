import { describe, expect, test } from 'vitest';
import { k8sConfigMapPublisher } from '../../../../../src/lib/server/plugin/bundlepublisher/k8s-configmap/plugin.ts';
import { KubeApiServer } from '../../../../support/kube-api-server.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { pluginDeps } from '../plugin-deps.ts';
import { describeBundlePublisher } from './bundle-publisher-suite.ts';
import { sampleBundle } from './sample-bundle.ts';

const PATH = '/api/v1/namespaces/spire/configmaps/bundle';

const cluster = (name: string, kubeconfig: string, namespace = 'spire', format = 'spiffe') =>
  `"${name}" = { format = "${format}" namespace = "${namespace}" configmap_name = "bundle" configmap_key = "b.json" kubeconfig_path = "${kubeconfig}" }`;

const open = (clusters: string) =>
  k8sConfigMapPublisher.open(`clusters = { ${clusters} }`, pluginDeps({ clock: new ManualClock() }));

const dataIn = (api: KubeApiServer, path = PATH): unknown => api.objects.get(path)?.['data'];

describeBundlePublisher('k8s_configmap', async () => {
  const api = await KubeApiServer.open();
  return {
    publisher: await open(cluster('one', api.kubeconfig)),
    published: async () => {
      const data: unknown = dataIn(api);
      const text: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'b.json') : undefined;
      return typeof text === 'string' ? Buffer.from(text) : undefined;
    },
    refuse: (isRefusing) => {
      api.refusing = isRefusing ? 503 : undefined;
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
});

describe('the bundle publisher k8s_configmap', () => {
  test('leaves the other keys of the config map alone', async () => {
    await using api = await KubeApiServer.open();
    api.put(PATH, { metadata: { name: 'bundle', namespace: 'spire' }, data: { mine: 'x' } });
    const publisher = await open(cluster('one', api.kubeconfig, 'spire', 'pem'));
    await publisher.publishBundle(await sampleBundle(1n), {});
    expect(dataIn(api)).toEqual({ mine: 'x', 'b.json': expect.stringContaining('BEGIN CERTIFICATE') });
  });

  test('publishes to the clusters that take it, and tells of those that do not', async () => {
    await using api = await KubeApiServer.open();
    const publisher = await open(
      [cluster('barred', api.kubeconfig, 'forbidden'), cluster('open', api.kubeconfig)].join('\n'),
    );
    await expect(publisher.publishBundle(await sampleBundle(1n), {})).rejects.toMatchObject({
      code: 'permission-denied',
      message: 'failed to apply ConfigMap for cluster "barred": the API server refuses: configmaps is forbidden',
    });
    expect(dataIn(api)).toBeDefined();
  });

  test.each([
    ['clusters = { "a" = { } }', 'missing bundle format in cluster "a"'],
    [`clusters = { ${cluster('a', 'k', '')} }`, 'missing namespace in cluster "a"'],
    [`clusters = { ${cluster('a', 'k', 'n', 'xml')} }`, 'unable to decode configuration: unknown bundle format: "xml"'],
    ['= 1', /^unable to decode configuration: /],
  ])('does not take the settings %s', (data, fault) => {
    expect(k8sConfigMapPublisher.validate?.(data)).toEqual([
      typeof fault === 'string' ? fault : expect.stringMatching(fault),
    ]);
  });

  test('is not opened with a kubeconfig that cannot be read', async () => {
    await expect(open(cluster('a', '/nowhere'))).rejects.toThrow(
      'failed to create Kubernetes client for cluster "a": open /nowhere: no such file or directory',
    );
  });
});
