import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateKey, isSamePublicKey } from '../../../src/lib/crypto/key.ts';
import { formatKeysFile, parseKeysFile } from '../../../src/lib/keymanager/keys-file.ts';

describe('the text of a file of keys', () => {
  test('reads back as it was written, for any ids', async () => {
    const key = await generateKey('ec-p256');
    const id = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', '1', 'toString'));
    fc.assert(
      fc.property(fc.uniqueArray(id, { maxLength: 6 }), (ids) => {
        const read = parseKeysFile(formatKeysFile(new Map(ids.map((id) => [id, key]))));
        expect(new Set(read.keys())).toEqual(new Set(ids));
        for (const parsed of read.values()) expect(isSamePublicKey(parsed, key)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('does not get into the message that refuses it', () => {
    const secret = 'c2VjcmV0';
    for (const text of [`{"keys": {"a": "${secret}`, secret, `{"keys": "${secret}"}`, `{"keys": {"a": "${secret}"}}`]) {
      expect(() => parseKeysFile(text)).toThrow(
        expect.objectContaining({ code: 'data-loss', message: expect.not.stringContaining(secret) }),
      );
    }
  });
});
