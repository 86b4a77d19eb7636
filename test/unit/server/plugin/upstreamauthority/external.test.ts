import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExternalPlugin } from '../../../../../src/lib/catalog/external/external-plugin.ts';
import { createCsr } from '../../../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../../../src/lib/crypto/key.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { externalUpstreamAuthority } from '../../../../../src/lib/server/plugin/upstreamauthority/external/external-upstream-authority.ts';
import type { UpstreamAuthority } from '../../../../../src/lib/server/plugin/upstreamauthority/upstream-authority.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { pluginDeps, scriptPlugin } from '../../../../support/plugin-program.ts';
import { certificatesPem, keyPem, makeCa } from './certificate-tree.ts';
import { describeUpstreamAuthority, type UpstreamAuthorityUnderTest } from './upstream-authority-suite.ts';

const trustDomain = TrustDomain.parse('example.org');
const never = new AbortController().signal;

async function open(...misdeed: readonly string[]): Promise<UpstreamAuthorityUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'upstream-'));
  const [certificate, key] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  const ca = await makeCa('root', { nowMs: Date.now() });
  writeFileSync(certificate, certificatesPem(ca));
  writeFileSync(key, keyPem(ca));
  const config = scriptPlugin('UpstreamAuthority', 'outside', 'test/plugins/upstream-authority.ts', {
    args: [certificate, key, ...misdeed],
  });
  const plugin = await ExternalPlugin.open(config, externalUpstreamAuthority.service, pluginDeps());
  return {
    plugin: externalUpstreamAuthority.adapt(plugin),
    trustDomain,
    nowMs: () => Date.now(),
    async [Symbol.asyncDispose]() {
      await plugin[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describeUpstreamAuthority('outside', () => open(), { publishesJwtKeys: true, watchesBundle: true });

async function mint(plugin: UpstreamAuthority, signal = never) {
  const csr = await createCsr({
    uris: [trustDomain.id().toString()],
    signer: signerFromKey(await generateKey('ec-p256')),
  });
  return plugin.mintX509Ca({ csr, preferredTtlSeconds: 600 }, { signal });
}

describe('an external upstream authority', () => {
  test.each([
    ['no-chain', 'upstreamauthority(outside): plugin response missing X.509 CA chain'],
    ['no-roots', 'upstreamauthority(outside): plugin response missing upstream X.509 roots'],
    ['bad-roots', 'upstreamauthority(outside): plugin response has malformed upstream X.509 roots: '],
  ])('is not believed when it signs with %s', async (misdeed, reason) => {
    await using world = await open(misdeed);
    await expect(mint(world.plugin)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(reason),
    });
  });

  test('tells roots as they change, until nobody wants to know', async () => {
    await using world = await open();
    const giveUp = new AbortController();
    const { updates, roots } = await mint(world.plugin, giveUp.signal);
    const walk = updates?.[Symbol.asyncIterator]();
    expect((await walk?.next())?.value).toEqual(roots);
    const next = walk?.next();
    giveUp.abort();
    await expect(next).rejects.toMatchObject({ code: 'canceled' });
  });
});
