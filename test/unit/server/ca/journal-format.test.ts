import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatJournal,
  type JournalEntry,
  type JournalRecord,
  parseJournal,
} from '../../../../src/lib/server/ca/journal-format.ts';

const der = fc.uint8Array({ maxLength: 64 });
const upstream = fc.record({ authorityId: fc.string(), chain: fc.array(der, { minLength: 1, maxLength: 3 }) });
const entry: fc.Arbitrary<JournalEntry> = fc.record({
  slotId: fc.constantFrom('A', 'B'),
  authorityId: fc.string({ minLength: 1, unit: 'binary' }),
  issuedAtSeconds: fc.maxSafeInteger(),
  notAfterSeconds: fc.maxSafeInteger(),
  status: fc.constantFrom('prepared', 'active', 'old'),
  publicDer: der,
});
const mintedEntry: fc.Arbitrary<JournalEntry> = fc
  .tuple(entry, upstream)
  .map(([own, above]) => ({ ...own, upstream: above }));
const record: fc.Arbitrary<JournalRecord> = fc.record({
  x509Cas: fc.array(fc.oneof(entry, mintedEntry), { maxLength: 4 }),
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

  test('of CAs that are roots is written as before there were upstream authorities', () => {
    const root = { slotId: 'A', authorityId: 'a', issuedAtSeconds: 1, notAfterSeconds: 2, status: 'active' } as const;
    const x509Cas = [{ ...root, publicDer: new Uint8Array([1]), upstream: undefined }];
    const [, body] = Buffer.from(formatJournal({ x509Cas, jwtKeys: [] }))
      .toString()
      .split('\n');
    expect(JSON.parse(body ?? '')).toEqual({ x509Cas: [{ ...root, publicDer: 'AQ==' }], jwtKeys: [] });
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
