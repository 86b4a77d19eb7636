import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIdFlag, parseRequiredIdFlag } from '../../../src/lib/cli/id-flag.ts';
import { SpiffeError } from '../../../src/lib/spiffe/spiffe-error.ts';
import { spiffeIds } from '../wire/convert/arbitraries.ts';

describe('a flag with a SPIFFE ID', () => {
  it('takes the ID apart as requests have it', () => {
    fc.assert(
      fc.property(spiffeIds, (id) => {
        const wire = { trustDomain: id.trustDomain.name, path: id.path };
        expect(parseIdFlag(id.toString())).toEqual(wire);
        expect(parseRequiredIdFlag(id.toString())).toEqual(wire);
      }),
    );
  });

  it('refuses any other text as no SPIFFE ID', () => {
    const text = fc.oneof(
      fc.string(),
      spiffeIds.chain((id) => fc.constantFrom(`${id}/`, `${id}?a`, `${id}/..`, ` ${id}`)),
    );
    fc.assert(
      fc.property(text, (given) => {
        fc.pre(given !== '');
        for (const parse of [parseIdFlag, parseRequiredIdFlag]) {
          expect(() => parse(given)).toThrow(expect.objectContaining({ code: 'invalid-spiffe-id' }));
        }
      }),
    );
    expect(() => parseIdFlag('')).toThrow(SpiffeError);
    expect(() => parseRequiredIdFlag('')).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
