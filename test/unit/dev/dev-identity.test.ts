import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDevIdentity } from '../../../src/lib/dev/dev-identity.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { formatSelector } from '../../../src/lib/spiffe/selector.ts';
import { TrustDomain } from '../../../src/lib/spiffe/trust-domain.ts';
import { selectors, spiffeIds } from '../wire/convert/arbitraries.ts';

const domain = TrustDomain.parse('example.org');

describe('parseDevIdentity', () => {
  test('reads a path, with or without its first slash, and selectors', () => {
    const some = fc.array(
      selectors.filter((each) => !formatSelector(each).includes(',')),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(spiffeIds, some, fc.boolean(), ({ path }, wanted, hasSlash) => {
        const text = `${hasSlash ? path : path.slice(1)}=${wanted.map(formatSelector).join(',')}`;
        const identity = parseDevIdentity(text, domain);
        expect(String(identity.id)).toBe(`spiffe://example.org${path}`);
        expect(identity.selectors).toEqual(wanted);
      }),
    );
  });

  test('refuses anything else with a code', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseDevIdentity(text, domain);
        } catch (error) {
          expect(error).toBeInstanceOf(SpirekitError);
        }
      }),
    );
    expect(() => parseDevIdentity('web', domain)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
