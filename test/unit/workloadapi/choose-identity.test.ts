import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpiffeId } from '../../../src/lib/spiffe/spiffe-id.ts';
import { chooseIdentities, chooseIdentity, type Identified } from '../../../src/lib/workloadapi/choose-identity.ts';

const identity = (path: string, hint = ''): Identified => ({ id: SpiffeId.parse(`spiffe://example.org${path}`), hint });
const granted = [identity('/a'), identity('/b', 'x'), identity('/a', 'y')];

describe('chooseIdentities', () => {
  it('keeps the order of the server, of which the first is the default', () => {
    expect(chooseIdentities(granted, {})).toEqual(granted);
    expect(chooseIdentities(granted, { spiffeId: SpiffeId.parse('spiffe://example.org/a') })).toEqual([
      granted[0],
      granted[2],
    ]);
    expect(chooseIdentity(granted, {})).toBe(granted[0]);
  });

  it('wants all to hold that is said', () => {
    fc.assert(
      fc.property(
        fc.option(fc.constantFrom('/a', '/b', '/c'), { nil: undefined }),
        fc.option(fc.constantFrom('', 'x', 'y', 'z'), { nil: undefined }),
        fc.option(fc.nat(4), { nil: undefined }),
        (path, hint, index) => {
          const choice = { spiffeId: path === undefined ? undefined : identity(path).id, hint, index };
          try {
            const chosen = chooseIdentities(granted, choice);
            expect(chosen.length).toBeGreaterThan(0);
            for (const one of chosen) {
              if (path !== undefined) expect(one.id.path).toBe(path);
              if (hint !== undefined) expect(one.hint).toBe(hint);
              if (index !== undefined) expect(granted.indexOf(one)).toBe(index);
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'no-identity' });
          }
        },
      ),
    );
  });

  it('names what there is, within bounds', () => {
    const many = Array.from({ length: 300 }, (_, index) => identity(`/${index}`, `${'h'.repeat(1000)}${index}`));
    expect(() => chooseIdentities(many, { index: 300 })).toThrow(
      /^no identity has the index 300; granted: 0: spiffe:\/\/example.org\/0 \(hint "h{80}\.\.\."\), 1: .*, and 290 more$/,
    );
    expect(() => chooseIdentities([], {})).toThrow('no identity was granted; none was granted');
    expect(() => chooseIdentities(granted, { hint: 'z', spiffeId: SpiffeId.parse('spiffe://a.test/x') })).toThrow(
      'no identity has the SPIFFE ID spiffe://a.test/x and has the hint "z"; granted: 0: spiffe://example.org/a, 1: ',
    );
  });
});
