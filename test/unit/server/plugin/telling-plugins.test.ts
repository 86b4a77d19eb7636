import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ExternalPlugin } from '../../../../src/lib/catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../src/lib/catalog/external/external-type.ts';
import type { PluginConfig } from '../../../../src/lib/config/section/plugins.ts';
import { generateKey, publicKeyDer } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { ResourceStack } from '../../../../src/lib/runtime/resource-stack.ts';
import { externalBundlePublisher } from '../../../../src/lib/server/plugin/bundlepublisher/external/external-bundle-publisher.ts';
import type { CredentialComposer } from '../../../../src/lib/server/plugin/credentialcomposer/credential-composer.ts';
import { externalCredentialComposer } from '../../../../src/lib/server/plugin/credentialcomposer/external/external-credential-composer.ts';
import { externalNotifier } from '../../../../src/lib/server/plugin/notifier/external/external-notifier.ts';
import { parseBundleDocument } from '../../../../src/lib/spiffe/bundle.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { pluginDeps, scriptPlugin } from '../../../support/plugin-program.ts';
import { MemoryLog } from '../../agent/support.ts';
import { describeBundlePublisher } from './bundlepublisher/bundle-publisher-suite.ts';
import { sampleBundle } from './bundlepublisher/sample-bundle.ts';
import { describeCredentialComposer } from './credentialcomposer/credential-composer-suite.ts';
import { describeNotifier } from './notifier/notifier-suite.ts';

const plugins = new ResourceStack();
afterAll(() => plugins.disposeAsync());

function program(typeName: string, path = ''): PluginConfig {
  return scriptPlugin(typeName, 'outside', 'test/plugins/telling-plugin.ts', { args: [typeName, path] });
}

async function open<Plugin>(
  typeName: string,
  type: ExternalPluginType<Plugin>,
  { log = new MemoryLog(), path = '' } = {},
): Promise<Plugin> {
  const config = program(typeName, path);
  return type.adapt(plugins.use(await ExternalPlugin.open(config, type.service, pluginDeps({ log }))));
}

/** A plugin with a folder of its own for the bundle that it keeps. */
async function openKeeping<Plugin>(typeName: string, type: ExternalPluginType<Plugin>) {
  const folder = mkdtempSync(join(tmpdir(), 'telling-'));
  const path = join(folder, 'bundle');
  const plugin = await ExternalPlugin.open(program(typeName, path), type.service, pluginDeps());
  return {
    plugin: type.adapt(plugin),
    kept: (): Uint8Array | undefined => (existsSync(path) ? readFileSync(path) : undefined),
    refuse: (isRefusing: boolean): void =>
      isRefusing ? writeFileSync(`${path}.refuse`, '') : rmSync(`${path}.refuse`, { force: true }),
    async [Symbol.asyncDispose]() {
      await plugin[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describeBundlePublisher('outside', async () => {
  const { plugin, kept, ...under } = await openKeeping('BundlePublisher', externalBundlePublisher);
  return { ...under, publisher: plugin, published: async () => kept() };
});

describeNotifier('outside', async () => {
  const { plugin, kept, ...under } = await openKeeping('Notifier', externalNotifier);
  return {
    ...under,
    notifier: plugin,
    store: async () => {},
    isSeen: async (bundle) => {
      const seen = kept();
      return (
        seen !== undefined && parseBundleDocument(bundle.trustDomain, seen).sequenceNumber === bundle.sequenceNumber
      );
    },
  };
});

let composer: CredentialComposer;
beforeAll(async () => {
  composer = await open('CredentialComposer', externalCredentialComposer);
});
describeCredentialComposer('outside', () => composer);

describe('an external notifier', () => {
  test('is told of what has happened and asked about what is to happen, with its name in what it refuses', async () => {
    const log = new MemoryLog();
    const { plugin, refuse, ...under } = await openKeeping('Notifier', externalNotifier);
    await using _ending = under;
    const bundle = await sampleBundle(7n);
    refuse(true);
    await expect(plugin.notifyBundleLoaded(bundle, {})).rejects.toMatchObject({
      code: 'unavailable',
      description: 'notifier(outside): the cluster is away',
    });
    const telling = await open('Notifier', externalNotifier, { log });
    await telling.notifyBundleUpdated(bundle, {});
    await telling.notifyBundleLoaded(bundle, {});
    const told = () => log.lines.filter(({ message }) => message === 'Told').map(({ fields }) => fields);
    await vi.waitUntil(() => told().length === 2, { timeout: 30_000, interval: 20 });
    expect(told()).toMatchObject([
      { event: 'updated', trust_domain: 'example.org', sequence: '7' },
      { event: 'loaded', trust_domain: 'example.org', sequence: '7' },
    ]);
  });
});

describe('an external credential composer', () => {
  const before = { subject: Name.of({ organization: ['SPIRE'] }), dnsNames: ['web'], extraExtensions: [] };
  const spiffeId = SpiffeId.parse('spiffe://example.org/web');

  test('changes what is to be signed, and leaves what it does not care for', async () => {
    const composer = await open('CredentialComposer', externalCredentialComposer);
    const publicKey = publicKeyDer(await generateKey('ec-p256'));
    const svid = await composer.composeWorkloadX509Svid?.(before, { spiffeId, publicKey });
    expect(svid?.subject.commonName).toBe(`${spiffeId} true`);
    expect(svid?.dnsNames).toEqual(['web']);
    const ca = { subject: before.subject, policyIdentifiers: [], extraExtensions: [] };
    expect((await composer.composeServerX509Ca?.(ca))?.policyIdentifiers).toEqual(['1.2.3.4']);
    const claims = { sub: String(spiffeId), aud: ['a', 'b'], exp: 1_900_000_000 };
    expect(await composer.composeWorkloadJwtSvid?.({ claims }, { spiffeId })).toEqual({
      claims: { ...claims, composed_for: String(spiffeId) },
    });
    expect(await composer.composeServerX509Svid?.(before)).toBe(before);
  });

  test('is not believed when it gives no subject', async () => {
    const composer = await open('CredentialComposer', externalCredentialComposer, { path: 'odd' });
    const publicKey = publicKeyDer(await generateKey('ec-p256'));
    await expect(composer.composeAgentX509Svid?.(before, { spiffeId, publicKey })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('plugin returned invalid X509SVID attributes: subject: cannot be empty'),
    });
  });
});
