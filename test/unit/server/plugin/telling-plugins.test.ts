import { afterAll, describe, expect, test, vi } from 'vitest';
import { ExternalPlugin } from '../../../../src/lib/catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../src/lib/catalog/external/external-type.ts';
import { generateKey, publicKeyDer } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { ResourceStack } from '../../../../src/lib/runtime/resource-stack.ts';
import { externalBundlePublisher } from '../../../../src/lib/server/plugin/bundlepublisher/external/external-bundle-publisher.ts';
import { externalCredentialComposer } from '../../../../src/lib/server/plugin/credentialcomposer/external/external-credential-composer.ts';
import { externalNotifier } from '../../../../src/lib/server/plugin/notifier/external/external-notifier.ts';
import type { AuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { pluginDeps, scriptPlugin } from '../../../support/plugin-program.ts';
import { MemoryLog } from '../../agent/support.ts';

const plugins = new ResourceStack();
afterAll(() => plugins.disposeAsync());

async function open<Plugin>(
  typeName: string,
  type: ExternalPluginType<Plugin>,
  log = new MemoryLog(),
): Promise<Plugin> {
  const config = scriptPlugin(typeName, 'outside', 'test/plugins/telling-plugin.ts', { args: [typeName] });
  return type.adapt(plugins.use(await ExternalPlugin.open(config, type.service, pluginDeps({ log }))));
}

const BUNDLE: AuthorityBundle = {
  trustDomain: TrustDomain.parse('example.org'),
  x509Authorities: [
    { certificate: Buffer.from('one'), tainted: false },
    { certificate: Buffer.from('two'), tainted: true },
  ],
  jwtAuthorities: [{ keyId: 'k', publicKey: Buffer.from('key'), expiresAtSeconds: 1, tainted: false }],
  witAuthorities: [],
  refreshHintSeconds: 60,
  sequenceNumber: 7n,
};
const TOLD = { trust_domain: 'example.org', x509: 'false,true', jwt: 'k', sequence: '7' };

async function told(log: MemoryLog, count: number): Promise<unknown[]> {
  const lines = () => log.lines.filter(({ message }) => message === 'Told').map(({ fields }) => fields);
  await vi.waitUntil(() => lines().length >= count, { timeout: 30_000, interval: 20 });
  return lines();
}

describe('an external notifier', () => {
  test('is told of the bundle, and may refuse one that is loaded', async () => {
    const log = new MemoryLog();
    const notifier = await open('Notifier', externalNotifier, log);
    expect(notifier.name).toBe('outside');
    await notifier.notifyBundleUpdated(BUNDLE, {});
    await expect(notifier.notifyBundleLoaded(BUNDLE, {})).rejects.toMatchObject({
      code: 'unavailable',
      description: 'notifier(outside): the cluster is away',
    });
    expect(await told(log, 2)).toMatchObject([
      { event: 'updated', ...TOLD },
      { event: 'loaded', ...TOLD },
    ]);
  });
});

describe('an external bundle publisher', () => {
  test('gets the whole bundle', async () => {
    const log = new MemoryLog();
    const publisher = await open('BundlePublisher', externalBundlePublisher, log);
    expect(publisher.name).toBe('outside');
    await publisher.publishBundle(BUNDLE, {});
    expect(await told(log, 1)).toMatchObject([{ event: 'published', ...TOLD }]);
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
    const composer = await open('CredentialComposer', externalCredentialComposer);
    const publicKey = publicKeyDer(await generateKey('ec-p256'));
    await expect(composer.composeAgentX509Svid?.(before, { spiffeId, publicKey })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('plugin returned invalid X509SVID attributes: subject: cannot be empty'),
    });
  });
});
