import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { block } from '../../../../src/lib/config/schema/block.ts';
import { decodeText } from '../../../../src/lib/config/schema/schema.ts';
import { type Clock, systemClock } from '../../../../src/lib/runtime/clock.ts';
import { ResourceStack } from '../../../../src/lib/runtime/resource-stack.ts';
import { VaultClient } from '../../../../src/lib/server/vault/vault-client.ts';
import { resolveVaultSettings, vaultFields } from '../../../../src/lib/server/vault/vault-settings.ts';
import { freePort } from '../../../support/deployment.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { findOpenBao, OpenBao } from '../../../support/open-bao.ts';
import { pluginDeps } from '../plugin/plugin-deps.ts';
import { newSelfSigned } from './self-signed.ts';

const found = await findOpenBao();

interface OpenOptions {
  readonly env?: Record<string, string>;
  readonly lines?: string[];
  readonly clock?: Clock;
}

/** Lets pass the pauses between tries. */
async function hurry<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  done.catch(() => undefined);
  while (!isDone) {
    if (clock.isAwaited(1_000)) clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return await done;
}

describe('a client of a real OpenBao over TLS', () => {
  const resources = new ResourceStack();
  const folder = mkdtempSync(join(tmpdir(), 'vault-client-'));
  let bao: OpenBao;
  let ca: string;
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    bao = resources.use(await OpenBao.start(found.program, { tls: true }));
    ca = `vault_addr = "${bao.address}" ca_cert_path = "${bao.caPath}"`;
    await bao.must('POST', 'sys/policies/acl/transit', {
      policy: 'path "transit/*" { capabilities = ["read", "list"] }',
    });
  });
  afterAll(async () => {
    await resources.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(
    settings: string,
    { env = {}, lines = [], clock = systemClock }: OpenOptions = {},
  ): Promise<VaultClient> {
    const resolved = resolveVaultSettings(decodeText(block(vaultFields), settings), env);
    return resources.use(await VaultClient.open(resolved, pluginDeps({ clock, lines })));
  }

  const keys = { method: 'GET', path: 'transit/keys?list=true' } as const;
  const works = async (client: VaultClient): Promise<void> => expect(await client.find(keys)).toBeUndefined();

  test('uses the token of the settings, and that of VAULT_TOKEN before it', async () => {
    await works(await open(`${ca} token_auth { token = "${bao.rootToken}" }`));
    await works(await open(`${ca} token_auth { token = "wrong" }`, { env: { VAULT_TOKEN: bao.rootToken } }));
    await works(
      await open('token_auth {}', {
        env: { VAULT_TOKEN: bao.rootToken, VAULT_ADDR: bao.address, VAULT_CACERT: bao.caPath ?? '' },
      }),
    );
  });

  test('logs in with role id and secret id', async () => {
    await bao.must('POST', 'sys/auth/approle', { type: 'approle' });
    await bao.must('POST', 'auth/approle/role/spire', { token_policies: ['transit'] });
    const { data: role } = await bao.must('GET', 'auth/approle/role/spire/role-id');
    const { data: secret } = await bao.must('POST', 'auth/approle/role/spire/secret-id');
    const ids = `approle_id = "${role?.role_id}" approle_secret_id = "${secret?.secret_id}"`;
    await works(await open(`${ca} approle_auth { ${ids} }`));
    await works(
      await open(`${ca} approle_auth { approle_auth_mount_point = "approle" }`, {
        env: { VAULT_APPROLE_ID: role?.role_id ?? '', VAULT_APPROLE_SECRET_ID: secret?.secret_id ?? '' },
      }),
    );
    const refused = await open(`${ca} approle_auth { approle_id = "x" approle_secret_id = "swordfish" }`).catch(String);
    expect(refused).toMatch(/this server cannot log in: check approle_id, approle_secret_id/);
    expect(refused).not.toContain('swordfish');
  });

  test('logs in with a client certificate', async () => {
    const { certificate, privateKey } = await newSelfSigned('vault client');
    const [certPath, keyPath] = [join(folder, 'client.pem'), join(folder, 'client.key')];
    writeFileSync(certPath, certificate);
    writeFileSync(keyPath, privateKey, { mode: 0o600 });
    await bao.must('POST', 'sys/auth/certs', { type: 'cert' });
    await bao.must('POST', 'auth/certs/certs/spire', { certificate, token_policies: ['transit'] });
    const paths = `client_cert_path = "${certPath}" client_key_path = "${keyPath}"`;
    await works(await open(`${ca} cert_auth { cert_auth_mount_point = "certs" ${paths} }`));
    await works(
      await open(`${ca} cert_auth { cert_auth_mount_point = "certs" cert_auth_role_name = "spire" }`, {
        env: { VAULT_CLIENT_CERT: certPath, VAULT_CLIENT_KEY: keyPath },
      }),
    );
    const other = open(`${ca} cert_auth { cert_auth_mount_point = "certs" cert_auth_role_name = "other" ${paths} }`);
    await expect(other).rejects.toMatchObject({ code: 'unauthenticated' });
    const missing = open(`${ca} cert_auth { client_cert_path = "/none" client_key_path = "${keyPath}" }`);
    await expect(missing).rejects.toThrow('client_cert_path: open /none: no such file or directory');
  });

  test('believes no certificate but those of ca_cert_path, unless told to', async () => {
    const auth = `vault_addr = "${bao.address}" token_auth { token = "${bao.rootToken}" }`;
    const clock = new ManualClock();
    await expect(hurry(clock, open(auth, { clock }))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/cannot be reached: .*set ca_cert_path/),
    });
    const lines: string[] = [];
    await works(await open(`${auth} insecure_skip_verify = true`, { lines }));
    expect(lines.join('')).toContain('TLS verification of Vault certificates is skipped');
  });

  test('renews its token, and logs in again when somebody has revoked it', async () => {
    await bao.must('POST', 'sys/auth/renewed', { type: 'approle' });
    await bao.must('POST', 'auth/renewed/role/r', { token_policies: ['transit'], token_ttl: 3600 });
    const { data: role } = await bao.must('GET', 'auth/renewed/role/r/role-id');
    const { data: secret } = await bao.must('POST', 'auth/renewed/role/r/secret-id');
    const lines: string[] = [];
    const clock = new ManualClock();
    const ids = `approle_id = "${role?.role_id}" approle_secret_id = "${secret?.secret_id}"`;
    const client = await open(`${ca} approle_auth { approle_auth_mount_point = "renewed" ${ids} }`, { lines, clock });
    clock.advance(2_400_000);
    await vi.waitFor(() => expect(lines.join('')).toContain('Successfully renewed auth token'), { timeout: 20_000 });
    await works(client);
    await bao.must('PUT', 'sys/leases/revoke-prefix/auth/renewed/login');
    await works(client);
    expect(lines.join('')).not.toContain(secret?.secret_id);
  });

  test('says that Vault is sealed, and goes on when it is not any more', async () => {
    const clock = new ManualClock();
    const client = await open(`${ca} token_auth { token = "${bao.rootToken}" }`, { clock });
    await bao.seal();
    await expect(hurry(clock, client.find(keys))).rejects.toMatchObject({
      code: 'unavailable',
      message: `Vault at ${bao.address}/ is sealed; unseal it`,
    });
    const another = open(`${ca} token_auth { token = "${bao.rootToken}" }`, { clock });
    await expect(hurry(clock, another)).rejects.toThrow('is sealed; unseal it');
    await bao.unseal();
    await works(client);
  });

  test('says where nothing answers', async () => {
    const port = await freePort();
    const settings = `vault_addr = "https://127.0.0.1:${port}" token_auth { token = "${bao.rootToken}" }`;
    const clock = new ManualClock();
    await expect(hurry(clock, open(settings, { clock }))).rejects.toMatchObject({
      code: 'unavailable',
      message: `Vault at https://127.0.0.1:${port}/ cannot be reached: connection refused`,
    });
  });

  test('refuses a CA file that holds no certificate', async () => {
    const path = join(folder, 'empty.pem');
    writeFileSync(path, 'nothing');
    const settings = `vault_addr = "${bao.address}" ca_cert_path = "${path}" token_auth { token = "x" }`;
    await expect(open(settings)).rejects.toMatchObject({ code: 'invalid-config' });
    expect(readFileSync(path, 'utf8')).toBe('nothing');
  });
});
