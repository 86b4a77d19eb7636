import { verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findKeyType, isSamePublicKey, type KeyType } from '../../../../../src/lib/crypto/key.ts';
import type { KeyManager } from '../../../../../src/lib/server/plugin/keymanager/key-manager.ts';

/** What every key manager does. */
export function describeKeyManager(name: string, open: () => Promise<KeyManager>): void {
  describe(`key manager ${name}`, () => {
    test('says its name', async () => {
      expect((await open()).name).toBe(name);
    });

    test.each<KeyType>(['ec-p256', 'ec-p384', 'rsa-2048'])('makes %s keys that sign', async (type) => {
      const keys = await open();
      const key = await keys.generateKey('k', type);
      expect(key.id).toBe('k');
      expect(findKeyType(key.publicKey)).toBe(type);
      const data = Buffer.from('to be signed');
      const hash = type === 'ec-p384' ? 'sha384' : 'sha256';
      expect(verify(hash, data, key.publicKey, await key.sign(data))).toBe(true);
    });

    test('finds what it made, and nothing else', async () => {
      const keys = await open();
      const made = await keys.generateKey('x509-CA-A', 'ec-p256');
      const found = await keys.findKey('x509-CA-A');
      expect(found && isSamePublicKey(found.publicKey, made.publicKey)).toBe(true);
      expect(await keys.findKey('x509-CA-B')).toBeUndefined();
    });

    test('replaces a key of the same id', async () => {
      const keys = await open();
      const first = await keys.generateKey('k', 'ec-p256');
      const second = await keys.generateKey('k', 'ec-p256');
      expect(isSamePublicKey(first.publicKey, second.publicKey)).toBe(false);
      const found = await keys.findKey('k');
      expect(found && isSamePublicKey(found.publicKey, second.publicKey)).toBe(true);
    });

    test('lists keys in order of their ids, however they were made', async () => {
      const keys = await open();
      await Promise.all(['c', 'a', 'b'].map((id) => keys.generateKey(id, 'ec-p256')));
      expect((await keys.listKeys()).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    });

    test('refuses an empty id', async () => {
      await expect((await open()).generateKey('', 'ec-p256')).rejects.toMatchObject({ code: 'invalid-argument' });
    });
  });
}
