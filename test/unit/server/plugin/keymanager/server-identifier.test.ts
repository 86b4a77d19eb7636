import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseServerIdentifier } from '../../../../../src/lib/server/plugin/keymanager/server-identifier.ts';

test('a key identifier file holds one UUID', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.constantFrom('', '\n', ' \r\n'), (uuid, end) => {
      expect(parseServerIdentifier('f', uuid.toUpperCase() + end)).toBe(uuid);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      if (/[0-9a-f]{12}/i.test(text)) return;
      expect(() => parseServerIdentifier('f', text)).toThrow(expect.objectContaining({ code: 'data-loss' }));
    }),
  );
});
