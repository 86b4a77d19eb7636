import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRowId } from '../../../../../src/lib/server/datastore/sql/paging.ts';
import { BY_SPIFFE_ID, parseSpiffeIdPlace } from '../../../../../src/lib/server/datastore/sql/spiffe-id-order.ts';

describe('places in a list by SPIFFE ID', () => {
  test('come back from their token', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 }), fc.string({ minLength: 1 }), (rowId, rest) => {
        const place = { rowId, spiffeId: `spiffe://${rest}` };
        expect(parseSpiffeIdPlace(BY_SPIFFE_ID.format(place))).toEqual(place);
      }),
    );
  });

  test('any other text is none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const place = parseSpiffeIdPlace(text);
        if (place !== undefined) expect(BY_SPIFFE_ID.format(place)).toBe(text.replace(/^0+(?=\d)/, ''));
        const id = parseRowId(text);
        if (id !== undefined) expect(String(id)).toBe(text.replace(/^0+(?=\d)/, ''));
      }),
    );
    for (const text of ['', '7', 'spiffe://a', '4294967296:spiffe://a/b', '-1:spiffe://a/b', '1:a/b', '1:spiffe://']) {
      expect(parseSpiffeIdPlace(text)).toBeUndefined();
    }
  });
});
