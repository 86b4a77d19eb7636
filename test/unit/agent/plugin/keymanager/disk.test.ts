import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { DiskKeyManager } from '../../../../../src/lib/agent/plugin/keymanager/disk/disk-key-manager.ts';
import { isSamePublicKey } from '../../../../../src/lib/crypto/key.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { MemoryLog, TestFolder } from '../../support.ts';
import { describeKeyManager } from './key-manager-suite.ts';

const root = new TestFolder();
afterAll(() => root[Symbol.dispose]());
let folders = 0;

function open(directory = root.file(String(folders++)), log = new MemoryLog()): Promise<DiskKeyManager> {
  return DiskKeyManager.open({ directory, clock: new ManualClock(0), log });
}

describeKeyManager('disk', () => open());

describe('the file of the disk key manager', () => {
  test('is there again after a restart', async () => {
    const directory = root.file('restart');
    const made = await (await open(directory)).generateKey('agent-svid-A', 'ec-p256');
    const [found] = await (await open(directory)).listKeys();
    expect(found && isSamePublicKey(found.privateKey, made.privateKey)).toBe(true);
  });

  test('has the format of SPIRE and is for its owner only', async () => {
    const directory = root.file('format');
    const keys = await open(directory);
    await keys.generateKey('b', 'ec-p256');
    await keys.generateKey('a', 'ec-p256');
    expect(readFileSync(`${directory}/keys.json`, 'utf8')).toMatch(
      /^\{\n\t"keys": \{\n\t\t"a": "[A-Za-z0-9+/]+=*",\n\t\t"b": "[A-Za-z0-9+/]+=*"\n\t\}\n\}$/,
    );
    expect(statSync(`${directory}/keys.json`).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(directory)).toEqual(['keys.json']);
  });

  test('is narrowed when others may read it', async () => {
    const directory = root.file('narrowed');
    await (await open(directory)).generateKey('a', 'ec-p256');
    chmodSync(`${directory}/keys.json`, 0o666);
    await open(directory);
    expect(statSync(`${directory}/keys.json`).mode & 0o777).toBe(0o600);
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
  ])('F10: is set aside when damaged, with a warning: %s', async (what, text) => {
    const directory = root.file(`damaged ${what}`);
    await open(directory);
    writeFileSync(`${directory}/keys.json`, text);
    const log = new MemoryLog();
    const keys = await open(directory, log);
    expect(await keys.listKeys()).toEqual([]);
    expect(readdirSync(directory)).toEqual(['keys.json.damaged-1970-01-01T00-00-00-000Z']);
    expect(readFileSync(`${directory}/keys.json.damaged-1970-01-01T00-00-00-000Z`, 'utf8')).toBe(text);
    expect(log.lines).toEqual([expect.objectContaining({ level: 'warn' })]);
    await keys.generateKey('a', 'ec-p256');
  });

  test('keeps the old key when the new one cannot be written', async () => {
    const directory = root.file('unwritable');
    const keys = await open(directory);
    const made = await keys.generateKey('a', 'ec-p256');
    rmSync(directory, { recursive: true });
    await expect(keys.generateKey('a', 'ec-p256')).rejects.toMatchObject({ code: 'io-error' });
    const [found] = await keys.listKeys();
    expect(found && isSamePublicKey(found.privateKey, made.privateKey)).toBe(true);
  });

  test('F18: lacks a key that could not be written and was wanted all the same, until a later one is kept', async () => {
    const directory = root.file('unkept');
    const keys = await open(directory);
    rmSync(directory, { recursive: true });
    const made = await keys.generateKey('a', 'ec-p256', { evenIfNotKept: true });
    const [found] = await keys.listKeys();
    expect(found && isSamePublicKey(found.privateKey, made.privateKey)).toBe(true);
    expect(await (await open(directory)).listKeys()).toEqual([]);
    await keys.generateKey('b', 'ec-p256');
    expect((await (await open(directory)).listKeys()).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('refuses a directory that is a file', async () => {
    writeFileSync(root.file('file'), '');
    await expect(open(root.file('file'))).rejects.toMatchObject({ code: 'failed-precondition' });
  });
});
