import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenExpirySeconds } from '../../../src/lib/cli/token-expiry.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

const token = (claims: string) => `e30.${Buffer.from(claims).toString('base64url')}.c2ln`;

describe('tokenExpirySeconds', () => {
  it('reads the claim in whole seconds', () => {
    expect(tokenExpirySeconds(token('{"exp": 1700000000}'))).toBe(1_700_000_000n);
    expect(tokenExpirySeconds(token('{"exp": 1700000000.9}'))).toBe(1_700_000_000n);
  });

  it.each(['{}', '{"exp": "1"}', '{"exp": 1e999}', 'null'])('finds none in %s', (claims) => {
    expect(() => tokenExpirySeconds(token(claims))).toThrow(expect.objectContaining({ message: 'no expiry claim' }));
  });

  it('refuses with a code whatever is no token', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string().map(token)), (text) => {
        try {
          tokenExpirySeconds(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SpirekitError);
        }
      }),
    );
  });
});
