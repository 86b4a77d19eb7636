import { verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findKeyType, isSamePublicKey, type KeyType } from '../../../../../src/lib/crypto/key.ts';
import type { KeyManager } from '../../../../../src/lib/server/plugin/keymanager/key-manager.ts';

/** What a key manager under test does beside what all do. */
export interface KeyManagerAbilities {
  /** Opens the keys of another one anew, as after a restart; absent where they end with the process. */
  readonly reopen?: (before: KeyManager) => Promise<KeyManager>;
}

/** What every key manager does. */
export function describeKeyManager(
  name: string,
  open: () => Promise<KeyManager>,
  { reopen }: KeyManagerAbilities = {},
): void {
  describe(`key manager ${name}`, () => {
    test('says its name', async () => {
      expect((await open()).name).toBe(name);
    });

    test.each<KeyType>(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096'])('makes %s keys that sign', async (type) => {
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

    test('makes keys of one id one after the other, so that the last one stays', async () => {
      const keys = await open();
      const made = await Promise.all([1, 2, 3].map(() => keys.generateKey('k', 'ec-p256')));
      const found = await keys.findKey('k');
      expect(made.map(({ publicKey }) => found && isSamePublicKey(found.publicKey, publicKey))).toEqual([
        false,
        false,
        true,
      ]);
    });

    test('signs many things at once', async () => {
      const keys = await open();
      const signers = await Promise.all(['a', 'b'].map((id) => keys.generateKey(id, 'ec-p256')));
      const work = Array.from({ length: 40 }, (_, index) => Buffer.from(`text ${index}`)).flatMap((data) =>
        signers.map(async ({ publicKey, sign }) => verify('sha256', data, publicKey, await sign(data))),
      );
      expect(new Set(await Promise.all(work))).toEqual(new Set([true]));
    });

    test('makes no key once the signal has aborted', async () => {
      const keys = await open();
      const signal = AbortSignal.abort(new Error('given up'));
      await expect(keys.generateKey('k', 'ec-p256', { signal })).rejects.toThrow('given up');
      expect(await keys.findKey('k')).toBeUndefined();
    });

    test('refuses an empty id', async () => {
      await expect((await open()).generateKey('', 'ec-p256')).rejects.toMatchObject({ code: 'invalid-argument' });
    });

    if (reopen === undefined) return;
    test('has its newest keys again after a restart', async () => {
      const keys = await open();
      await keys.generateKey('x509-CA-A', 'ec-p256');
      const ca = await keys.generateKey('x509-CA-A', 'ec-p384');
      const jwt = await keys.generateKey('JWT-Signer-A', 'rsa-2048');
      const again = await reopen(keys);
      const found = await again.listKeys();
      expect(found.map(({ id }) => id)).toEqual(['JWT-Signer-A', 'x509-CA-A']);
      expect(
        found.map(({ publicKey }, index) => isSamePublicKey(publicKey, (index === 0 ? jwt : ca).publicKey)),
      ).toEqual([true, true]);
      const data = Buffer.from('to be signed');
      const signature = await found[1]?.sign(data);
      expect(signature && verify('sha384', data, ca.publicKey, signature)).toBe(true);
    });
  });
}
