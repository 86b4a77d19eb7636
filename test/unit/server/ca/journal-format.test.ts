import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatJournal,
  type JournalEntry,
  type JournalRecord,
  parseJournal,
} from '../../../../src/lib/server/ca/journal-format.ts';

const entry: fc.Arbitrary<JournalEntry> = fc.record({
  slotId: fc.constantFrom('A', 'B'),
  authorityId: fc.string({ minLength: 1, unit: 'binary' }),
  issuedAtSeconds: fc.maxSafeInteger(),
  notAfterSeconds: fc.maxSafeInteger(),
  status: fc.constantFrom('prepared', 'active', 'old'),
  publicDer: fc.uint8Array({ maxLength: 64 }),
});
const record: fc.Arbitrary<JournalRecord> = fc.record({
  x509Cas: fc.array(entry, { maxLength: 4 }),
  jwtKeys: fc.array(entry, { maxLength: 4 }),
});

describe('the CA journal', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(record, (written) => {
        expect(parseJournal(formatJournal(written))).toEqual(written);
      }),
    );
  });

  test('is refused after any change of a byte, and when cut', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, position, change) => {
        const bytes = formatJournal(written);
        const at = position % bytes.length;
        const changed = bytes.with(at, (bytes[at] ?? 0) ^ change);
        expect(() => parseJournal(changed)).toThrow(expect.objectContaining({ code: 'data-loss' }));
        expect(() => parseJournal(bytes.subarray(0, at))).toThrow(expect.objectContaining({ code: 'data-loss' }));
      }),
    );
  });
});
