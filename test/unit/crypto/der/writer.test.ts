import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../../src/lib/crypto/der/reader.ts';
import {
  derBitString,
  derBoolean,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derSetOf,
  derTime,
} from '../../../../src/lib/crypto/der/writer.ts';

describe('the DER writer', () => {
  it('writes integers that are read back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (value) => {
        expect(new DerReader(derInteger(value)).readInteger()).toBe(value);
      }),
    );
  });

  it.each([
    [0n, '020100'],
    [127n, '02017f'],
    [128n, '02020080'],
    [-128n, '020180'],
    [-129n, '0202ff7f'],
  ])('writes %d in as few octets as it takes', (value, hex) => {
    expect(derInteger(value).toString('hex')).toBe(hex);
  });

  it('writes octet strings of any length that are read back', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 127, 128, 255, 256, 65535, 65536, 70_000), (length) => {
        const bytes = new Uint8Array(length).fill(7);
        expect(Buffer.compare(new DerReader(derOctetString(bytes)).readOctetString(), bytes)).toBe(0);
      }),
    );
  });

  it('writes object identifiers that are read back', () => {
    const arc = fc.integer({ min: 0, max: 2 ** 32 });
    const rooted = fc.oneof(
      fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 39 }), fc.array(arc, { maxLength: 8 })),
      fc.tuple(fc.constant(2), arc, fc.array(arc, { maxLength: 8 })),
    );
    fc.assert(
      fc.property(rooted, ([root, second, rest]) => {
        const dotted = [root, second, ...rest].join('.');
        expect(new DerReader(derOid(dotted)).readOid()).toBe(dotted);
      }),
    );
  });

  it.each(['', '1', '3.1', '1.40', '1.02', '1.2.', '1.-2', '1.2.a'])(
    'refuses "%s" as an object identifier',
    (dotted) => {
      expect(() => derOid(dotted)).toThrow(/object identifier/);
    },
  );

  it('writes times that are read back, cut to seconds', () => {
    const range = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(range), (date) => {
        const expected = Math.floor(date.getTime() / 1000) * 1000;
        expect(new DerReader(derTime(date.getTime())).readTime()).toBe(expected);
      }),
    );
  });

  it.each([
    ['1949-12-31T23:59:59Z', '180f31393439313233313233353935395a'],
    ['1950-01-01T00:00:00Z', '170d3530303130313030303030305a'],
    ['2049-12-31T23:59:59Z', '170d3439313233313233353935395a'],
    ['2050-01-01T00:00:00Z', '180f32303530303130313030303030305a'],
  ])('writes %s in the form that RFC 5280 asks for', (iso, hex) => {
    expect(derTime(Date.parse(iso)).toString('hex')).toBe(hex);
  });

  it('refuses times that have no four-digit year', () => {
    expect(() => derTime(Date.UTC(10000, 0, 1))).toThrow(/range/);
    expect(() => derTime(Date.UTC(-1, 0, 1))).toThrow(/range/);
    expect(() => derTime(Number.NaN)).toThrow(/range/);
  });

  it('sorts the members of a set by their encoding', () => {
    const members = [derInteger(300), derBoolean(true), derInteger(2)];
    expect(derSetOf(members).toString('hex')).toBe('310a0101ff0201020202012c');
  });

  it('nests', () => {
    const inner = new DerReader(derSequence(derBitString(Uint8Array.of(0xa0), 5))).readSequence();
    expect(inner.readBitString()).toMatchObject({ unusedBits: 5 });
  });
});
