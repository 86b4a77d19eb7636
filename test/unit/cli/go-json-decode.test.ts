import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGoJson } from '../../../src/lib/cli/go-json.ts';
import { GoJsonDecoder } from '../../../src/lib/cli/go-json-decode.ts';

const PLACE = { struct: 'S', path: 'field' };

describe('GoJsonDecoder', () => {
  it('takes a value for its own type, keeps what was there for null, and reports any other type at the end', () => {
    const current = { string: 'kept', bool: true, integer: 7n };
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), (value) => {
        const node = parseGoJson(Buffer.from(JSON.stringify(value)));
        const decoder = { string: new GoJsonDecoder(), bool: new GoJsonDecoder(), integer: new GoJsonDecoder() };
        const isWhole =
          typeof value === 'number' && Number.isSafeInteger(value) && /^-?\d+$/.test(JSON.stringify(value));
        const fits = {
          string: typeof value === 'string',
          bool: typeof value === 'boolean',
          integer: isWhole,
        };
        const got = {
          string: decoder.string.string(node, PLACE, current.string),
          bool: decoder.bool.bool(node, PLACE, current.bool),
          integer: decoder.integer.integer(node, PLACE, current.integer, 64),
        };
        for (const type of ['string', 'bool', 'integer'] as const) {
          const plain = type === 'integer' ? Number(got[type]) : got[type];
          if (fits[type]) expect(plain === value || Object.is(value, -0)).toBe(true);
          else expect(got[type]).toBe(current[type]);
          const finish = () => decoder[type].finish();
          if (fits[type] || value === null) finish();
          else expect(finish).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes whole numbers of the width and no wider', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), fc.constantFrom(32, 64), (value, bits) => {
        const decoder = new GoJsonDecoder();
        const node = parseGoJson(Buffer.from(String(value)));
        const fits = BigInt.asIntN(bits, value) === value;
        expect(decoder.integer(node, PLACE, 0n, bits)).toBe(fits ? value : 0n);
        if (!fits)
          expect(() => decoder.finish()).toThrow(`cannot unmarshal number ${value} into Go struct field S.field`);
      }),
    );
  });
});
