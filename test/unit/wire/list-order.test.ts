import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseListOrder, parseListTotal } from '../../../src/lib/wire/list-order.ts';

describe('the metadata of ordered lists', () => {
  it('knows its two orders and no other text', () => {
    expect(parseListOrder(['creation'])).toBe('creation');
    expect(parseListOrder(['spiffe-id'])).toBe('spiffe-id');
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('creation', 'Spiffe-ID')), { maxLength: 2 }),
        (values) => {
          const known = values.length === 1 && values[0] === 'creation' ? 'creation' : undefined;
          expect(parseListOrder(values)).toBe(known);
        },
      ),
    );
  });

  it('reads a total that is a count, and nothing else', () => {
    fc.assert(
      fc.property(fc.nat(), (total) => {
        expect(parseListTotal(String(total))).toBe(total);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const total = parseListTotal(text);
        expect(total === undefined || Number.isSafeInteger(total)).toBe(true);
      }),
    );
    for (const text of [undefined, '', '-1', '1.5', ' 1', '9'.repeat(16)]) expect(parseListTotal(text)).toBeUndefined();
  });
});
