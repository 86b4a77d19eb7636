import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapInTurns } from '../../../src/lib/runtime/next-turn.ts';

describe('mapInTurns', () => {
  test('gives what map gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer(), { maxLength: 1000, size: 'max' }), async (items) => {
        expect(await mapInTurns(items, (item) => item * 2)).toEqual(items.map((item) => item * 2));
      }),
      { numRuns: 30 },
    );
  });

  test('F35: other events have their turn while a long list is converted', async () => {
    const order: string[] = [];
    setImmediate(() => order.push('other event'));
    await mapInTurns(Array(1000).fill(0), () => order.push('item'));
    expect(order.indexOf('other event')).toBeLessThan(300);
  });

  test('rejects with what the conversion throws', async () => {
    const failing = (item: number): never => {
      throw new RangeError(`item ${item}`);
    };
    await expect(mapInTurns([7], failing)).rejects.toThrow('item 7');
  });
});
