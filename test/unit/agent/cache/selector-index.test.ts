import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SubsetIndex, SupersetIndex } from '../../../../src/lib/agent/cache/selector-index.ts';

/** By way of sorted text, unlike the index itself. */
function isSubset(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].filter((one) => whole.has(one)).length === part.size;
}

const selectors = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e')).map((list) => new Set(list));
const item = selectors.map((set) => ({ selectors: set }));

describe('SubsetIndex', () => {
  test('finds what a look at every item finds', () => {
    fc.assert(
      fc.property(fc.array(item), fc.array(fc.nat()), selectors, (items, removals, wanted) => {
        const index = new SubsetIndex<(typeof items)[number]>();
        for (const one of items) index.add(one);
        const left = new Set(items);
        for (const removal of removals) {
          const one = items[removal % Math.max(1, items.length)];
          if (one === undefined) continue;
          index.delete(one);
          left.delete(one);
        }
        const found = [...index.subsetsOf(wanted)];
        expect(new Set(found).size).toBe(found.length);
        const expected = [...left].filter((one) => one.selectors.size > 0 && isSubset(one.selectors, wanted));
        expect(new Set(found)).toEqual(new Set(expected));
      }),
    );
  });
});

describe('SupersetIndex', () => {
  test('finds what a look at every item finds', () => {
    fc.assert(
      fc.property(fc.array(item), fc.array(fc.nat()), selectors, (items, removals, wanted) => {
        const index = new SupersetIndex<(typeof items)[number]>();
        for (const one of items) index.add(one);
        const left = new Set(items);
        for (const removal of removals) {
          const one = items[removal % Math.max(1, items.length)];
          if (one === undefined) continue;
          index.delete(one);
          left.delete(one);
        }
        const expected = wanted.size === 0 ? [] : [...left].filter((one) => isSubset(wanted, one.selectors));
        expect(new Set(index.supersetsOf(wanted))).toEqual(new Set(expected));
      }),
    );
  });
});
