import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { findKeyType, isSamePublicKey, type KeyType } from '../../src/lib/crypto/key.ts';
import { pemDecodeAll } from '../../src/lib/crypto/pem.ts';
import { systemClock } from '../../src/lib/runtime/clock.ts';
import { vaultKeyManager } from '../../src/lib/server/plugin/keymanager/hashicorp-vault/plugin.ts';
import type { KeyManager } from '../../src/lib/server/plugin/keymanager/key-manager.ts';
import { Deployment, freePort } from '../support/deployment.ts';
import { findOpenBao, OpenBao, TRANSIT_POLICY } from '../support/open-bao.ts';
import { findRealSpire } from '../support/programs.ts';
import { untilIdentity } from '../support/workload-caller.ts';
import { pluginDeps } from '../unit/server/plugin/plugin-deps.ts';

const found = await findOpenBao();
const uid = process.getuid?.() ?? 0;

/** Long enough that no one-off hiccup of the machine ends it. */
const timeout = 120_000;

describe('a server whose keys are in Vault', () => {
  let bao: OpenBao;
  let token: string;
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    bao = await OpenBao.start(found.program, { tls: true });
    token = await bao.newToken(TRANSIT_POLICY);
  });
  afterAll(async () => await bao?.[Symbol.asyncDispose]());

  const keyManager = (id: string): string => `KeyManager "hashicorp_vault" {
    plugin_data {
      vault_addr = "${bao.address}"
      ca_cert_path = "${bao.caPath}"
      key_identifier_value = "${id}"
      token_auth { token = "${token}" }
    }
  }`;

  const rootOf = async (deployment: Deployment): Promise<Certificate> => {
    const [block] = pemDecodeAll((await deployment.server('bundle', 'show')).stdout);
    return Certificate.parse(block?.der ?? Buffer.of());
  };

  it('gives SVIDs to workloads, and goes on with the same keys after a restart', { timeout }, async () => {
    await using deployment = await Deployment.open({ keyManager: keyManager('restarted') });
    await deployment.startAgent();
    await deployment.createEntry('/web', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/web');
    const before = await deployment.server('bundle', 'show', '-format', 'spiffe');
    const keys = await bao.transitKeys();
    expect(keys.filter((name) => name.startsWith('restarted-')).map((name) => name.slice(-'x509-CA-A'.length))).toEqual(
      expect.arrayContaining(['x509-CA-A']),
    );

    await deployment.stopServer();
    await deployment.startServer();
    const after = await deployment.server('bundle', 'show', '-format', 'spiffe');
    expect(JSON.parse(after.stdout).keys).toEqual(JSON.parse(before.stdout).keys);
    expect(await bao.transitKeys()).toEqual(keys);
    await deployment.createEntry('/later', [`unix:uid:${uid}`]);
    await untilIdentity(deployment.agentSocket, 'spiffe://example.org/later');
    const fetched = await deployment.agent(['api', 'fetch', 'jwt', '-audience', 'reports']);
    expect(fetched).toMatchObject({ code: 0 });
    const jwt = /^\s*(eyJ\S+)$/m.exec(fetched.stdout)?.[1] ?? '';
    const valid = await deployment.agent(['api', 'validate', 'jwt', '-audience', 'reports', '-svid', jwt]);
    expect(valid.stdout).toContain('SVID is valid');
    expect(deployment.log('server') + deployment.log('agent')).not.toContain(token);
  });

  it.each<KeyType>(['rsa-2048', 'rsa-4096', 'ec-p256', 'ec-p384'])('signs with %s keys', { timeout }, async (type) => {
    const settings = `ca_key_type = "${type}"`;
    await using deployment = await Deployment.open({ keyManager: keyManager(`of-${type}`), serverSettings: settings });
    const root = await rootOf(deployment);
    expect(findKeyType(root.publicKey)).toBe(type);
    const minted = await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/minted');
    const [leaf] = pemDecodeAll(minted.stdout).filter(({ label }) => label === 'CERTIFICATE');
    expect(Certificate.parse(leaf?.der ?? Buffer.of()).isSignedBy(root.publicKey)).toBe(true);
    const jwt = await deployment.server('jwt', 'mint', '-spiffeID', 'spiffe://example.org/m', '-audience', 'a');
    const alg = { 'rsa-2048': 'RS256', 'rsa-4096': 'RS256', 'ec-p256': 'ES256', 'ec-p384': 'ES384' }[type];
    expect(Buffer.from(jwt.stdout.split('.')[0] ?? '', 'base64url').toString()).toContain(`"alg":"${alg}"`);
  });

  it('says that Vault is sealed, answers what needs no key, and signs again when it is not', { timeout }, async () => {
    const port = await freePort();
    const serverBlocks = `health_checks { listener_enabled = true bind_address = "127.0.0.1" bind_port = "${port}" }`;
    await using deployment = await Deployment.open({ keyManager: keyManager('sealed'), serverBlocks });
    const health = (): Promise<Response> => fetch(`http://127.0.0.1:${port}/ready`);
    expect((await health()).status).toBe(200);
    await bao.seal();
    try {
      const unwell = await health();
      expect(unwell.status).toBe(500);
      expect(await unwell.text()).toMatch(/sign_x509_svid_err.*is sealed; unseal it/);
      const refused = await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/m');
      expect(refused.code).toBe(1);
      expect(await deployment.server('bundle', 'show')).toMatchObject({ code: 0 });
      expect(deployment.log('server')).toContain('is sealed; unseal it');

      await deployment.stopServer();
      deployment.launchServer();
      await expect(deployment.serverListens()).rejects.toThrow(/Failed to configure plugin.*is sealed; unseal it/);
    } finally {
      await bao.unseal();
    }
    await deployment.startServer();
    expect(await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/m')).toMatchObject({ code: 0 });
    expect((await health()).status).toBe(200);
  });

  it('does not begin with a new root where the keys of its last run are gone', { timeout }, async () => {
    await using deployment = await Deployment.open({ keyManager: keyManager('lost') });
    await deployment.stopServer();
    for (const name of (await bao.transitKeys()).filter((key) => key.startsWith('lost-'))) {
      await bao.must('POST', `transit/keys/${name}/config`, { deletion_allowed: true });
      await bao.must('DELETE', `transit/keys/${name}`);
    }
    deployment.launchServer();
    await expect(deployment.serverListens()).rejects.toThrow(
      /transit engine .*holds no keys.*would give the trust domain a new root/,
    );
    expect((await bao.transitKeys()).filter((key) => key.startsWith('lost-'))).toEqual([]);
  });

  it('takes up the keys that a real SPIRE server has made, and the other way round', { timeout }, async ({ skip }) => {
    const real = findRealSpire();
    if (real === undefined) return skip('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name no real SPIRE');
    const settings = `vault_addr = "${bao.address}" ca_cert_path = "${bao.caPath}" token_auth { token = "${token}" }`;
    const theirs = await Deployment.open({ keyManager: keyManager('theirs'), daemons: real });
    const root = await rootOf(theirs);
    await theirs[Symbol.asyncDispose]();
    const deps = pluginDeps({ clock: systemClock });
    const keys = await vaultKeyManager.open(`${settings} key_identifier_value = "theirs"`, deps);
    expect((await keys.listKeys()).map(({ id }) => id)).toEqual(expect.arrayContaining(['JWT-Signer-A', 'x509-CA-A']));
    const taken = await keys.findKey('x509-CA-A');
    expect(taken && isSamePublicKey(taken.publicKey, root.publicKey)).toBe(true);

    const ours = await vaultKeyManager.open(`${settings} key_identifier_value = "ours"`, deps);
    await ours.generateKey('x509-CA-A', 'ec-p384');
    await using again = await Deployment.open({ keyManager: keyManager('ours'), daemons: real });
    expect(again.log('server')).toMatch(/msg="Key loaded".*key_id=x509-CA-A/);
    for (const manager of [keys, ours]) {
      if (Symbol.asyncDispose in manager) await (manager as KeyManager & AsyncDisposable)[Symbol.asyncDispose]();
    }
  });

  it('says so when Vault no longer takes its token', { timeout }, async () => {
    const short = await bao.newToken(TRANSIT_POLICY);
    const settings = keyManager('revoked').replace(token, short);
    await using deployment = await Deployment.open({ keyManager: settings });
    await bao.must('POST', 'auth/token/revoke', { token: short });
    const refused = await deployment.server('x509', 'mint', '-spiffeID', 'spiffe://example.org/m');
    expect(refused.code).toBe(1);
    expect(deployment.log('server')).toMatch(
      /permission denied; give the token of this server a policy.*or a new token/,
    );
    expect(`${refused.stderr}${deployment.log('server')}`).not.toContain(short);
  });
});
