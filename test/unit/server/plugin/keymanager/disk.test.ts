import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSamePublicKey } from '../../../../../src/lib/crypto/key.ts';
import { DiskKeyManager } from '../../../../../src/lib/server/plugin/keymanager/disk/disk-key-manager.ts';
import { describeKeyManager } from './key-manager-suite.ts';

let root: string;
let folders = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'keys-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function newKeysPath(): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return join(folder, 'keys.json');
}

const paths = new WeakMap<object, string>();

async function openAt(keysPath: string): Promise<DiskKeyManager> {
  const keys = await DiskKeyManager.open({ keysPath });
  paths.set(keys, keysPath);
  return keys;
}

describeKeyManager('disk', () => openAt(newKeysPath()), { reopen: (before) => openAt(paths.get(before) ?? '') });

describe('the file of the disk key manager', () => {
  test('is there again after a restart', async () => {
    const keysPath = newKeysPath();
    const made = await (await DiskKeyManager.open({ keysPath })).generateKey('JWT-Signer-A', 'ec-p256');
    const found = await (await DiskKeyManager.open({ keysPath })).findKey('JWT-Signer-A');
    expect(found && isSamePublicKey(found.publicKey, made.publicKey)).toBe(true);
  });

  test('has the format of SPIRE and mode 0600, whatever the umask, and no other file is left beside it', async () => {
    const keysPath = newKeysPath();
    const keys = await DiskKeyManager.open({ keysPath });
    await keys.generateKey('b', 'ec-p256');
    await keys.generateKey('a', 'ec-p256');
    expect(readFileSync(keysPath, 'utf8')).toMatch(
      /^\{\n\t"keys": \{\n\t\t"a": "[A-Za-z0-9+/]+=*",\n\t\t"b": "[A-Za-z0-9+/]+=*"\n\t\}\n\}$/,
    );
    expect(statSync(keysPath).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(keysPath, '..'))).toEqual(['keys.json']);
  });

  test('is narrowed when others may read it', async () => {
    const keysPath = newKeysPath();
    writeFileSync(keysPath, '{"keys": {}}');
    chmodSync(keysPath, 0o644);
    await DiskKeyManager.open({ keysPath });
    expect(statSync(keysPath).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['no JSON', '{"keys": {'],
    ['empty', ''],
    ['no object', '[]'],
    ['without keys', '{}'],
    ['keys as a list', '{"keys": []}'],
    ['a key that is no text', '{"keys": {"a": 1}}'],
    ['a key that is not base64', '{"keys": {"a": "!!!!"}}'],
    ['a key that is no PKCS #8', '{"keys": {"a": "AAAA"}}'],
  ])('is refused and left alone when damaged: %s', async (_, text) => {
    const keysPath = newKeysPath();
    writeFileSync(keysPath, text, { mode: 0o600 });
    await expect(DiskKeyManager.open({ keysPath })).rejects.toMatchObject({ code: 'data-loss' });
    expect(readFileSync(keysPath, 'utf8')).toBe(text);
  });

  test('keeps the old key when the new one cannot be written', async () => {
    const keysPath = newKeysPath();
    const keys = await DiskKeyManager.open({ keysPath });
    const made = await keys.generateKey('a', 'ec-p256');
    rmSync(join(keysPath, '..'), { recursive: true });
    await expect(keys.generateKey('a', 'ec-p256')).rejects.toMatchObject({ code: 'io-error' });
    const found = await keys.findKey('a');
    expect(found && isSamePublicKey(found.publicKey, made.publicKey)).toBe(true);
  });
});
