import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeOid, encodeOid } from '../../../../src/lib/crypto/der/oid.ts';

describe('object identifiers', () => {
  it.each([
    ['2.5.29.17', '551d11'],
    ['1.2.840.113549.1.1.11', '2a864886f70d01010b'],
    ['2.999.3', '883703'],
    ['0.0', '00'],
  ])('%s is encoded as %s', (dotted, hex) => {
    expect(Buffer.from(encodeOid(dotted)).toString('hex')).toBe(hex);
    expect(decodeOid(Buffer.from(hex, 'hex'))).toBe(dotted);
  });

  it.each([
    ['without octets', ''],
    ['whose last arc is cut short', '5581'],
    ['with a padded arc', '558001'],
    ['with an arc that is too large', '55ffffffffffffff7f'],
    ['that is too long', '55'.repeat(65)],
  ])('are refused %s', (_, hex) => {
    expect(() => decodeOid(Buffer.from(hex, 'hex'))).toThrow(/object identifier/);
  });

  it('read back as they were written', () => {
    const roots = fc.oneof(
      fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 39 })),
      fc.tuple(fc.constant(2), fc.integer({ min: 0, max: 2 ** 31 })),
    );
    fc.assert(
      fc.property(roots, fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { maxLength: 8 }), (root, arcs) => {
        const dotted = [...root, ...arcs].join('.');
        expect(decodeOid(encodeOid(dotted))).toBe(dotted);
      }),
    );
  });

  it('have one encoding only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 10 }), (bytes) => {
        let dotted: string;
        try {
          dotted = decodeOid(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-encoding' });
          return;
        }
        expect(Buffer.from(encodeOid(dotted))).toEqual(Buffer.from(bytes));
      }),
    );
  });
});
