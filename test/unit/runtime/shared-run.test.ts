import { describe, expect, test } from 'vitest';
import { SharedRun } from '../../../src/lib/runtime/shared-run.ts';

describe('a shared run', () => {
  test('runs once more for all who ask while it runs', async () => {
    const holds: PromiseWithResolvers<number>[] = [];
    const shared = new SharedRun(() => {
      const hold = Promise.withResolvers<number>();
      holds.push(hold);
      return hold.promise;
    });
    const first = shared.run();
    await expect.poll(() => holds.length).toBe(1);
    const others = Promise.all([shared.run(), shared.run(), shared.run()]);
    holds[0]?.resolve(1);
    expect(await first).toBe(1);
    await expect.poll(() => holds.length).toBe(2);
    holds[1]?.resolve(2);
    expect(await others).toEqual([2, 2, 2]);
    await shared.settled();
    expect(holds).toHaveLength(2);
  });

  test('runs again after a failure, which only those who asked for it see', async () => {
    let runs = 0;
    const shared = new SharedRun(async () => {
      runs += 1;
      if (runs === 1) throw new Error('no');
      return runs;
    });
    await expect(shared.run()).rejects.toThrow('no');
    expect(await shared.run()).toBe(2);
  });
});
