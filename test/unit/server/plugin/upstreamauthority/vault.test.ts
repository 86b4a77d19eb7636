import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCsr } from '../../../../../src/lib/crypto/csr.ts';
import { generateKey } from '../../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { vaultUpstreamAuthority } from '../../../../../src/lib/server/plugin/upstreamauthority/vault/plugin.ts';
import { TrustDomain } from '../../../../../src/lib/spiffe/trust-domain.ts';
import { findOpenBao, mountPki, OpenBao } from '../../../../support/open-bao.ts';
import { pluginDeps } from '../plugin-deps.ts';
import { describeUpstreamAuthority } from './upstream-authority-suite.ts';

const found = await findOpenBao();
const trustDomain = TrustDomain.parse('example.org');
const signal = new AbortController().signal;

describe('with the PKI engine of a real OpenBao', () => {
  let bao: OpenBao;
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    bao = await OpenBao.start(found.program, { tls: true });
    await mountPki(bao, 'pki');
    await mountPki(bao, 'team/pki', { above: 'pki' });
  });
  afterAll(async () => await bao?.[Symbol.asyncDispose]());

  const open = async (more: string, token = bao.rootToken) =>
    await vaultUpstreamAuthority.open(
      `vault_addr = "${bao.address}" ca_cert_path = "${bao.caPath}" token_auth { token = "${token}" } ${more}`,
      pluginDeps({ clock: systemClock }),
    );

  const csr = async (): Promise<Uint8Array> =>
    await createCsr({
      subject: Name.of({ country: ['US'], organization: ['SPIFFE'] }),
      uris: ['spiffe://example.org'],
      signer: signerFromKey(await generateKey('ec-p256')),
    });

  const underTest = async (more: string) => {
    const plugin = await open(more);
    return {
      plugin,
      trustDomain,
      nowMs: () => Date.now(),
      [Symbol.asyncDispose]: async () => {
        if (Symbol.asyncDispose in plugin) await (plugin as typeof plugin & AsyncDisposable)[Symbol.asyncDispose]();
      },
    };
  };

  const abilities = { publishesJwtKeys: false, watchesBundle: false };
  describeUpstreamAuthority('vault', () => underTest(''), abilities);

  describe('whose CA is below another', () => {
    describeUpstreamAuthority('vault', () => underTest('pki_mount_point = "team/pki"'), abilities);

    test('the chain holds the CA between, and the root is the one above', async () => {
      const between = await (await open('pki_mount_point = "team/pki"')).mintX509Ca(
        { csr: await csr(), preferredTtlSeconds: 60 },
        { signal },
      );
      const direct = await (await open('')).mintX509Ca({ csr: await csr(), preferredTtlSeconds: 60 }, { signal });
      expect(between.chain).toHaveLength(2);
      expect(direct.chain).toHaveLength(1);
      expect(between.roots).toEqual(direct.roots);
    });
  });

  test('is opened without Vault, and says then what it lacks', async () => {
    const poor = await bao.newToken('path "pki/issue/*" { capabilities = ["update"] }');
    const authority = await open('', poor);
    await expect(authority.mintX509Ca({ csr: await csr(), preferredTtlSeconds: 60 }, { signal })).rejects.toMatchObject(
      {
        code: 'permission-denied',
        message: expect.stringMatching(/refuses "pki\/root\/sign-intermediate": .*a policy that allows it/),
      },
    );
    const nowhere = await open('pki_mount_point = "nowhere"');
    await expect(nowhere.mintX509Ca({ csr: await csr(), preferredTtlSeconds: 60 }, { signal })).rejects.toMatchObject({
      code: 'failed-precondition',
    });
  });

  test('is refused with settings that lead nowhere', async () => {
    await expect(vaultUpstreamAuthority.open('', pluginDeps({ clock: systemClock }))).rejects.toMatchObject({
      code: 'invalid-config',
    });
  });
});
