import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortEntries } from '../../../src/lib/client/entry-order.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const id = (path: string, trustDomain = 'example.org') => ({ trustDomain, path });

describe('sortEntries', () => {
  it('orders by SPIFFE ID, parent, lifetimes and selectors, in that order', () => {
    const sorted = [
      Entry.create({ id: '1', spiffeId: id('/z', 'a.org'), parentId: id('/z') }),
      Entry.create({ id: '2', spiffeId: id('/a'), parentId: id('/a'), x509SvidTtl: 9 }),
      Entry.create({ id: '3', spiffeId: id('/a'), parentId: id('/b'), x509SvidTtl: 1, jwtSvidTtl: 9 }),
      Entry.create({ id: '4', spiffeId: id('/a'), parentId: id('/b'), x509SvidTtl: 2, jwtSvidTtl: 1 }),
      Entry.create({ id: '5', spiffeId: id('/a'), parentId: id('/b'), x509SvidTtl: 2, jwtSvidTtl: 2 }),
      Entry.create({ id: '6', spiffeId: id('/b'), parentId: id('/b'), selectors: [{ type: 'z', value: 'z' }] }),
      Entry.create({
        id: '7',
        spiffeId: id('/b'),
        parentId: id('/b'),
        selectors: [
          { type: 'a', value: 'a' },
          { type: 'b', value: 'b' },
        ],
      }),
      Entry.create({
        id: '8',
        spiffeId: id('/b'),
        parentId: id('/b'),
        selectors: [
          { type: 'a', value: 'a' },
          { type: 'b', value: 'c' },
        ],
      }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(sorted, { minLength: sorted.length }), (shuffled) => {
        expect(sortEntries(shuffled).map((entry) => entry.id)).toEqual(sorted.map((entry) => entry.id));
      }),
    );
  });

  it('orders the selectors of an entry and leaves its argument as it was', () => {
    const entry = Entry.create({
      selectors: [
        { type: 'unix', value: 'uid:1' },
        { type: 'unix', value: 'gid:1' },
      ],
    });
    expect(sortEntries([entry])[0]?.selectors.map(({ value }) => value)).toEqual(['gid:1', 'uid:1']);
    expect(entry.selectors.map(({ value }) => value)).toEqual(['uid:1', 'gid:1']);
  });
});
