import { randomUUID, verify } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../../../../src/lib/config/config-error.ts';
import { isSamePublicKey } from '../../../../../src/lib/crypto/key.ts';
import { systemClock } from '../../../../../src/lib/runtime/clock.ts';
import { ResourceStack } from '../../../../../src/lib/runtime/resource-stack.ts';
import { vaultKeyManager } from '../../../../../src/lib/server/plugin/keymanager/hashicorp-vault/plugin.ts';
import type { KeyManager } from '../../../../../src/lib/server/plugin/keymanager/key-manager.ts';
import { findOpenBao, OpenBao, TRANSIT_POLICY } from '../../../../support/open-bao.ts';
import { pluginDeps } from '../plugin-deps.ts';
import { describeKeyManager } from './key-manager-suite.ts';

const found = await findOpenBao();

describe('with a real OpenBao', () => {
  const resources = new ResourceStack();
  let bao: OpenBao;
  let token: string;
  let folder: string | undefined;
  beforeEach(({ skip }) => skip('missing' in found, 'missing' in found ? found.missing : ''));
  beforeAll(async () => {
    if ('missing' in found) return;
    folder = mkdtempSync(join(tmpdir(), 'vault-keys-'));
    bao = resources.use(await OpenBao.start(found.program));
    token = await bao.newToken(TRANSIT_POLICY);
  });
  afterAll(async () => {
    await resources.disposeAsync();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const ids = new WeakMap<KeyManager, string>();

  async function openWith(settings: string, lines: string[] = []): Promise<KeyManager> {
    const keys = await vaultKeyManager.open(settings, pluginDeps({ clock: systemClock, lines }));
    if (Symbol.asyncDispose in keys) resources.use(keys as KeyManager & AsyncDisposable);
    return keys;
  }

  const settingsFor = (id: string): string =>
    `vault_addr = "${bao.address}" token_auth { token = "${token}" } key_identifier_value = "${id}"`;

  async function openAs(id: string, lines: string[] = []): Promise<KeyManager> {
    const keys = await openWith(settingsFor(id), lines);
    ids.set(keys, id);
    return keys;
  }

  const keysOf = async (id: string): Promise<string[]> =>
    (await bao.transitKeys()).filter((name) => name.startsWith(id));

  describeKeyManager('hashicorp_vault', () => openAs(randomUUID()), {
    reopen: (before) => openAs(ids.get(before) ?? ''),
  });

  test('names keys as SPIRE does, so that either server knows them', async () => {
    const keys = await openAs('server-1');
    await keys.generateKey('x509-CA-A', 'ec-p256');
    expect(await keysOf('server-1')).toEqual([expect.stringMatching(/^server-1-[0-9a-f-]{36}-x509-CA-A$/)]);
  });

  test('leaves the keys of other servers alone, also of one whose name begins alike', async () => {
    await (await openAs('server')).generateKey('k', 'ec-p256');
    await (await openAs('server-2')).generateKey('k', 'ec-p256');
    await bao.must('POST', 'transit/keys/server-notes', { type: 'aes256-gcm96' });
    expect(await (await openAs('server')).listKeys()).toHaveLength(1);
    expect(await (await openAs('server-3')).listKeys()).toEqual([]);
  });

  test('deletes the key that was replaced', async () => {
    const id = randomUUID();
    const keys = await openAs(id);
    await keys.generateKey('k', 'ec-p256');
    const [first] = await keysOf(id);
    await keys.generateKey('k', 'ec-p256');
    await vi.waitFor(async () => expect(await keysOf(id)).toHaveLength(1), { timeout: 20_000 });
    expect(await keysOf(id)).not.toContain(first);
  });

  test('takes the newer of two keys after a stop in between, and deletes the older one', async () => {
    const id = randomUUID();
    const older = `${id}-${randomUUID()}-k`;
    const newer = `${id}-${randomUUID()}-k`;
    await bao.must('POST', `transit/keys/${older}`, { type: 'ecdsa-p256' });
    await bao.must('POST', `transit/keys/${newer}`, { type: 'ecdsa-p384' });
    const keys = await openAs(id);
    const key = await keys.findKey('k');
    expect(key?.publicKey.asymmetricKeyDetails?.namedCurve).toBe('secp384r1');
    await vi.waitFor(async () => expect(await keysOf(id)).toEqual([newer]), { timeout: 20_000 });
  });

  test('goes on signing with the key it knows when somebody rotates it in Vault', async () => {
    const id = randomUUID();
    const key = await (await openAs(id)).generateKey('k', 'ec-p256');
    const [name] = await keysOf(id);
    await bao.must('POST', `transit/keys/${name}/rotate`, {});
    const data = Buffer.from('data');
    expect(verify('sha256', data, key.publicKey, await key.sign(data))).toBe(true);
  });

  test('makes the key identifier file with mode 0600, and knows its keys by it', async () => {
    const path = join(folder ?? '', 'identifier');
    const settings = `vault_addr = "${bao.address}" token_auth { token = "${token}" } key_identifier_file = "${path}"`;
    const made = await (await openWith(settings)).generateKey('k', 'ec-p256');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f-]{36}$/);
    const again = await (await openWith(settings)).findKey('k');
    expect(again && isSamePublicKey(again.publicKey, made.publicKey)).toBe(true);
  });

  test('refuses a damaged key identifier file and leaves it alone', async () => {
    const path = join(folder ?? '', 'damaged');
    writeFileSync(path, 'not a UUID', { mode: 0o600 });
    const settings = `vault_addr = "${bao.address}" token_auth { token = "${token}" } key_identifier_file = "${path}"`;
    await expect(openWith(settings)).rejects.toMatchObject({ code: 'data-loss' });
    expect(readFileSync(path, 'utf8')).toBe('not a UUID');
  });

  test('uses the engine that transit_engine_path names, and says where none is', async () => {
    await bao.must('POST', 'sys/mounts/keys%2Fof%2Fspire', { type: 'transit' });
    const keys = await openWith(
      `vault_addr = "${bao.address}" token_auth { token = "${bao.rootToken}" } transit_engine_path = "keys/of/spire" key_identifier_value = "e"`,
    );
    await keys.generateKey('k', 'ec-p256');
    expect((await bao.must('GET', 'keys/of/spire/keys?list=true')).data?.keys).toHaveLength(1);
    const wrong = openWith(
      `vault_addr = "${bao.address}" token_auth { token = "${bao.rootToken}" } transit_engine_path = "nowhere" key_identifier_value = "e"`,
    );
    await expect(wrong).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringMatching(/nowhere.*mount the secrets engine there/),
    });
  });

  test('says what a policy lacks, without the token, and keeps the key that was there', async () => {
    const lines: string[] = [];
    const poor = await bao.newToken('path "transit/*" { capabilities = ["read", "list"] }');
    const id = randomUUID();
    const first = await (await openAs(id)).generateKey('k', 'ec-p256');
    const keys = await openWith(
      `vault_addr = "${bao.address}" token_auth { token = "${poor}" } key_identifier_value = "${id}"`,
      lines,
    );
    const refused = await keys.generateKey('k', 'ec-p256').catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'permission-denied',
      message: expect.stringMatching(/a policy that allows it/),
    });
    const key = await keys.findKey('k');
    expect(key && isSamePublicKey(key.publicKey, first.publicKey)).toBe(true);
    await expect(key?.sign(Buffer.from('data'))).rejects.toMatchObject({ code: 'permission-denied' });
    expect(`${String(refused)}${lines.join('\n')}`).not.toContain(poor);
  });

  test('ends a call when its signal aborts', async () => {
    const keys = await openAs(randomUUID());
    const giveUp = new AbortController();
    const making = keys.generateKey('k', 'rsa-4096', { signal: giveUp.signal });
    giveUp.abort(new Error('given up'));
    await expect(making).rejects.toThrow('given up');
    expect(await keys.findKey('k')).toBeUndefined();
  });

  test('leaves no file behind where the settings are refused', async () => {
    const path = join(folder ?? '', 'none');
    await expect(openWith(`key_identifier_file = "${path}" key_identifier_value = "x"`)).rejects.toBeInstanceOf(
      ConfigError,
    );
    await expect(openWith(`key_identifier_file = "${path}" token_auth {}`)).rejects.toBeInstanceOf(ConfigError);
    expect(existsSync(path)).toBe(false);
  });
});
