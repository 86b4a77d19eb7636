import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filterHints } from '../../../../src/lib/agent/cache/hint-filter.ts';
import { entry } from '../support.ts';

const identity = <T>(item: T): T => item;

describe('filterHints', () => {
  test('keeps the oldest of those that share a hint', () => {
    const young = entry({ id: 'a', hint: 'db', createdAtSeconds: 5n });
    const old = entry({ id: 'b', hint: 'db', createdAtSeconds: 4n });
    const dropped: string[] = [];
    expect(filterHints([young, old], identity, ({ id }) => dropped.push(id))).toEqual([old]);
    expect(dropped).toEqual(['a']);
  });

  test('decides by id between entries of the same second', () => {
    const entries = ['c', 'a', 'b'].map((id) => entry({ id, hint: 'db' }));
    expect(filterHints(entries, identity).map(({ id }) => id)).toEqual(['a']);
  });

  test('keeps all entries without a hint', () => {
    const entries = ['a', 'b'].map((id) => entry({ id }));
    expect(filterHints(entries, identity)).toEqual(entries);
  });

  test('leaves each hint once, with its best entry, in the order given', () => {
    const arbitrary = fc.uniqueArray(
      fc.record({ id: fc.string(), hint: fc.constantFrom('', 'x', 'y'), createdAtSeconds: fc.bigInt(0n, 3n) }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(arbitrary, (entries) => {
        const kept = filterHints(entries, identity);
        expect(entries.filter((one) => kept.includes(one))).toEqual(kept);
        for (const hint of ['x', 'y']) {
          const rivals = entries.filter((one) => one.hint === hint);
          const winners = kept.filter((one) => one.hint === hint);
          expect(winners).toHaveLength(Math.min(rivals.length, 1));
          for (const winner of winners) {
            for (const rival of rivals) {
              expect(winner.createdAtSeconds <= rival.createdAtSeconds).toBe(true);
              if (winner.createdAtSeconds === rival.createdAtSeconds) expect(winner.id <= rival.id).toBe(true);
            }
          }
        }
      }),
    );
  });
});
