import { describe, expect, test } from 'vitest';
import type { KeyManager } from '../../../../../src/lib/agent/plugin/keymanager/key-manager.ts';
import { findKeyType, isSamePublicKey } from '../../../../../src/lib/crypto/key.ts';

/** What every key manager of an agent does. */
export function describeKeyManager(name: string, open: () => Promise<KeyManager>): void {
  describe(`the key manager ${name}`, () => {
    test('has its name', async () => {
      expect((await open()).name).toBe(name);
    });

    test('starts without keys', async () => {
      expect(await (await open()).listKeys()).toEqual([]);
    });

    test('makes a key of the wanted kind and keeps it', async () => {
      const keys = await open();
      const made = await keys.generateKey('agent-svid-A', 'ec-p256');
      expect(findKeyType(made.privateKey)).toBe('ec-p256');
      const [kept] = await keys.listKeys();
      expect(kept?.id).toBe('agent-svid-A');
      expect(kept && isSamePublicKey(kept.privateKey, made.privateKey)).toBe(true);
    });

    test('replaces a key of the same id', async () => {
      const keys = await open();
      await keys.generateKey('a', 'ec-p256');
      const second = await keys.generateKey('a', 'ec-p256');
      const kept = await keys.listKeys();
      expect(kept).toHaveLength(1);
      expect(kept[0] && isSamePublicKey(kept[0].privateKey, second.privateKey)).toBe(true);
    });

    test('lists keys in order of their ids, however many are made at once', async () => {
      const keys = await open();
      await Promise.all(['c', 'a', 'b'].map((id) => keys.generateKey(id, 'ec-p256')));
      expect((await keys.listKeys()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    });

    test('refuses an empty id', async () => {
      await expect((await open()).generateKey('', 'ec-p256')).rejects.toMatchObject({ code: 'invalid-argument' });
    });
  });
}
