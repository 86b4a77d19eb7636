import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tag } from '../../../../src/lib/crypto/der/tags.ts';
import { decodeTime, encodeTime } from '../../../../src/lib/crypto/der/time.ts';

describe('decodeTime', () => {
  it('puts two-digit years between 1950 and 2049', () => {
    expect(new Date(decodeTime(Tag.utcTime, '500101000000Z')).getUTCFullYear()).toBe(1950);
    expect(new Date(decodeTime(Tag.utcTime, '491231235959Z')).getUTCFullYear()).toBe(2049);
  });

  it('reads years under 100 as they are', () => {
    expect(new Date(decodeTime(Tag.generalizedTime, '00990101000000Z')).getUTCFullYear()).toBe(99);
  });

  it.each([
    ['without seconds', Tag.utcTime, '2501010000Z'],
    ['with an offset', Tag.utcTime, '250101000000+0100'],
    ['without a zone', Tag.utcTime, '250101000000'],
    ['with a fraction', Tag.generalizedTime, '20250101000000.5Z'],
    ['in the thirteenth month', Tag.utcTime, '251301000000Z'],
    ['on 30 February', Tag.utcTime, '250230000000Z'],
    ['on 29 February of a common year', Tag.utcTime, '250229000000Z'],
    ['on the day 0', Tag.utcTime, '250100000000Z'],
    ['at 24 o’clock', Tag.utcTime, '250101240000Z'],
    ['in a leap second', Tag.utcTime, '250101235960Z'],
    ['with a newline', Tag.utcTime, '250101000000Z\n'],
    ['under another tag', Tag.octetString, '250101000000Z'],
  ])('refuses a time %s', (_, tag, text) => {
    expect(() => decodeTime(tag, text)).toThrow(/time/);
  });

  it('takes 29 February of a leap year', () => {
    expect(decodeTime(Tag.utcTime, '240229000000Z')).toBe(Date.UTC(2024, 1, 29));
  });
});

describe('encodeTime', () => {
  it('writes what decodeTime reads, to the second', () => {
    const first = Date.UTC(1950, 0, 1) / 1000;
    const last = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (seconds) => {
        const { tag, text } = encodeTime(seconds * 1000);
        expect(decodeTime(tag, text)).toBe(seconds * 1000);
        expect(tag).toBe(seconds * 1000 < Date.UTC(2050, 0, 1) ? Tag.utcTime : Tag.generalizedTime);
      }),
    );
  });
});
