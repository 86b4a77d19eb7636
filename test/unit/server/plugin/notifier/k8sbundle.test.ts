import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publishedBundle } from '../../../../../src/lib/server/plugin/bundlepublisher/bundle-format.ts';
import { k8sBundleNotifier } from '../../../../../src/lib/server/plugin/notifier/k8sbundle/plugin.ts';
import type { Notifier } from '../../../../../src/lib/server/plugin/notifier/notifier.ts';
import type { AuthorityBundle } from '../../../../../src/lib/spiffe/authority-bundle.ts';
import { KubeApiServer } from '../../../../support/kube-api-server.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { sampleBundle } from '../bundlepublisher/sample-bundle.ts';
import { pluginDeps } from '../plugin-deps.ts';
import { describeNotifier } from './notifier-suite.ts';

const CONFIG_MAP = '/api/v1/namespaces/spire/configmaps/spire-bundle';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const VALIDATING = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';

const pemOf = (bundle: AuthorityBundle): string => Buffer.from(publishedBundle(bundle, 'pem', undefined)).toString();

/** A notifier at an API server, and the bundle that the server has stored. */
class World implements AsyncDisposable {
  readonly clock = new ManualClock();
  stored: AuthorityBundle | undefined;
  readonly api: KubeApiServer;
  readonly notifier: Notifier;

  private constructor(api: KubeApiServer, notifier: Notifier, clock: ManualClock, find: { bundle?: () => unknown }) {
    this.api = api;
    this.notifier = notifier;
    this.clock = clock;
    find.bundle = () => this.stored;
  }

  static async open(settings = ''): Promise<World> {
    const api = await KubeApiServer.open();
    api.put(CONFIG_MAP, { metadata: { name: 'spire-bundle', namespace: 'spire' }, data: { other: 'x' } });
    const find: { bundle?: () => AuthorityBundle | undefined } = {};
    const clock = new ManualClock();
    const deps = { ...pluginDeps({ clock }), bundles: { findBundle: async () => find.bundle?.() } };
    const notifier = await k8sBundleNotifier.open(`kube_config_file_path = "${api.kubeconfig}"\n${settings}`, deps);
    return new World(api, notifier, clock, find);
  }

  seen(): unknown {
    return this.api.objects.get(CONFIG_MAP)?.['data'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (Symbol.asyncDispose in this.notifier) {
      const { notifier } = this;
      await (notifier as Notifier & AsyncDisposable)[Symbol.asyncDispose]();
    }
    await this.api[Symbol.asyncDispose]();
  }
}

describeNotifier('k8sbundle', async () => {
  const world = await World.open();
  return {
    notifier: world.notifier,
    store: async (bundle) => {
      world.stored = bundle;
    },
    isSeen: async (bundle) =>
      JSON.stringify(world.seen()) === JSON.stringify({ other: 'x', 'bundle.crt': pemOf(bundle) }),
    refuse: (isRefusing) => {
      world.api.refusing = isRefusing ? 500 : undefined;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
});

describe('the notifier k8sbundle', () => {
  let world: World;
  let bundle: AuthorityBundle;
  beforeEach(async () => {
    world = await World.open('webhook_label = "spiffe.io/webhook"\napi_service_label = "spiffe.io/api-service"');
    bundle = await sampleBundle(1n);
    world.stored = bundle;
    const labels = { 'spiffe.io/webhook': 'true', 'spiffe.io/api-service': 'true' };
    const hook = (name: string) => ({
      name,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      clientConfig: { caBundle: '', service: { name: 's', namespace: 'n' } },
    });
    for (const path of [WEBHOOKS, VALIDATING]) {
      world.api.put(`${path}/mine`, { metadata: { name: 'mine', labels }, webhooks: [hook('a'), hook('b')] });
      world.api.put(`${path}/other`, { metadata: { name: 'other' }, webhooks: [hook('a')] });
    }
    world.api.put(`${SERVICES}/v1.mine`, {
      metadata: { name: 'v1.mine', labels },
      spec: { groupPriorityMinimum: 10, versionPriority: 20, group: 'mine' },
    });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const caBundle = () => Buffer.from(pemOf(bundle)).toString('base64');

  test('puts the bundle into webhooks and API services with the label, and changes nothing else', async () => {
    await world.notifier.notifyBundleLoaded(bundle, {});
    for (const path of [WEBHOOKS, VALIDATING]) {
      expect(world.api.objects.get(`${path}/mine`)?.['webhooks']).toMatchObject([
        { name: 'a', clientConfig: { caBundle: caBundle(), service: { name: 's' } } },
        { name: 'b', clientConfig: { caBundle: caBundle() } },
      ]);
      expect(world.api.objects.get(`${path}/other`)).toMatchObject({ webhooks: [{ clientConfig: { caBundle: '' } }] });
    }
    expect(world.api.objects.get(`${SERVICES}/v1.mine`)).toMatchObject({
      spec: { caBundle: caBundle(), groupPriorityMinimum: 10, versionPriority: 20, group: 'mine' },
    });
  });

  test('changes no object that has the bundle already', async () => {
    await world.notifier.notifyBundleLoaded(bundle, {});
    const before = world.api.calls.filter((call) => call.startsWith('PATCH')).length;
    await world.notifier.notifyBundleUpdated(bundle, {});
    expect(world.api.calls.filter((call) => call.startsWith('PATCH'))).toHaveLength(before);
  });

  test('finds objects that come later', async () => {
    await world.notifier.notifyBundleLoaded(bundle, {});
    const late = `${SERVICES}/v1.late`;
    world.api.put(late, { metadata: { name: 'v1.late', labels: { 'spiffe.io/api-service': 'true' } }, spec: {} });
    world.clock.advance(30_000);
    await expect.poll(() => world.api.objects.get(late)).toMatchObject({ spec: { caBundle: caBundle() } });
  });

  test('reads again when another was faster, and gives up after a while', async () => {
    world.api.conflicts = 3;
    await world.notifier.notifyBundleUpdated(bundle, {});
    expect(world.seen()).toMatchObject({ 'bundle.crt': pemOf(bundle) });
    bundle = await sampleBundle(2n);
    world.stored = bundle;
    world.api.conflicts = 5;
    await expect(world.notifier.notifyBundleUpdated(bundle, {})).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('the object has been modified'),
    });
    expect(world.api.objects.get(`${SERVICES}/v1.mine`)).toMatchObject({ spec: { caBundle: caBundle() } });
  });

  test('writes the newest bundle there is, whichever it was told of', async () => {
    const newer = await sampleBundle(2n);
    world.stored = newer;
    await world.notifier.notifyBundleUpdated(bundle, {});
    expect(world.seen()).toMatchObject({ 'bundle.crt': pemOf(newer) });
  });

  test('does not make a config map that is not there', async () => {
    world.api.objects.delete(CONFIG_MAP);
    await expect(world.notifier.notifyBundleUpdated(bundle, {})).rejects.toThrow(/not found/);
    expect(world.api.objects.has(CONFIG_MAP)).toBe(false);
  });

  test.each([
    ['clusters = [{ namespace = "a" }]', 'cluster configuration is missing kube_config_file_path'],
    ['= 1', 'plugin configuration is malformed'],
  ])('does not take the settings %s', (data, fault) => {
    expect(k8sBundleNotifier.validate?.(data)).toEqual([fault]);
  });
});
