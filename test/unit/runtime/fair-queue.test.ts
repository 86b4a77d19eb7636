import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../../src/lib/runtime/fair-queue.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a fair queue', () => {
  it('runs so many at once, and users in turn', async () => {
    const queue = new FairQueue(2);
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const add = (user: string, name: string): Promise<void> =>
      queue.run(user, () => {
        order.push(name);
        return new Promise((resolve) => ends.push(resolve));
      });
    const all = ['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'c1', 'b2'].map((name) => add(name.charAt(0), name));
    await turn();
    expect(order).toEqual(['a1', 'a2']);
    while (order.length < all.length || ends.length > 0) {
      ends.shift()?.();
      await turn();
    }
    await Promise.all(all);
    expect(order).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4', 'b2', 'a5']);
  });

  it('goes on after a task that fails and one that is given up', async () => {
    const queue = new FairQueue(1);
    const failing = queue.run('a', () => Promise.reject(new Error('failed')));
    const givenUp = queue.run('a', () => Promise.resolve(1), { signal: AbortSignal.abort(new Error('given up')) });
    await expect(failing).rejects.toThrow('failed');
    await expect(givenUp).rejects.toThrow('given up');
    expect(await queue.run('b', () => Promise.resolve(2))).toBe(2);
  });
});
