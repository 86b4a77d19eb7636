import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressLimiter } from '../../../../src/lib/server/endpoints/address-limiter.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

/** Lets promises that are settled call back. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the limit for each address', () => {
  test('lets a burst through at once and makes what follows wait its turn', async () => {
    const clock = new ManualClock();
    const limiter = new AddressLimiter(10, clock);
    await limiter.take('192.0.2.1', 10);
    let done = 0;
    const waiting = [1, 2].map(() => limiter.take('192.0.2.1', 5).then(() => done++));
    await turn();
    expect(done).toBe(0);
    clock.advance(500);
    await turn();
    expect(done).toBe(1);
    clock.advance(500);
    await Promise.all(waiting);
    expect(done).toBe(2);
  });

  test('keeps addresses apart', async () => {
    const limiter = new AddressLimiter(1, new ManualClock());
    await limiter.take('192.0.2.1', 1);
    await limiter.take('192.0.2.2', 1);
  });

  test('refuses more at once than it ever allows', async () => {
    const limiter = new AddressLimiter(500, new ManualClock());
    await expect(limiter.take('192.0.2.1', 501)).rejects.toMatchObject({
      code: 'resource-exhausted',
      message: 'rate (501) exceeds burst size (500)',
    });
  });

  test('refuses at once what would come too late, and takes nothing for it', async () => {
    const clock = new ManualClock();
    const limiter = new AddressLimiter(1, clock);
    await limiter.take('192.0.2.1', 1);
    await expect(limiter.take('192.0.2.1', 1, { deadlineMs: clock.nowMs() + 999 })).rejects.toMatchObject({
      code: 'resource-exhausted',
    });
    clock.advance(1000);
    await limiter.take('192.0.2.1', 1);
  });

  test('lets nobody wait for longer than a minute, so that no crowd of waiting callers piles up', async () => {
    const clock = new ManualClock();
    const limiter = new AddressLimiter(1, clock);
    const outcomes = Array.from({ length: 100 }, () =>
      limiter.take('192.0.2.1', 1).then(
        () => 'served',
        (error: { code: string }) => error.code,
      ),
    );
    for (let second = 0; second < 60; second += 1) clock.advance(1000);
    const all = await Promise.all(outcomes);
    expect(all.filter((outcome) => outcome === 'served')).toHaveLength(61);
    expect(all.filter((outcome) => outcome === 'resource-exhausted')).toHaveLength(39);
  });

  test('gives back what a caller that gave up had taken', async () => {
    const clock = new ManualClock();
    const limiter = new AddressLimiter(1, clock);
    await limiter.take('192.0.2.1', 1);
    const gone = new AbortController();
    const waiting = limiter.take('192.0.2.1', 1, { signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    clock.advance(1000);
    await limiter.take('192.0.2.1', 1);
  });

  test('never lets more through than the rate and one burst', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 400 })), { maxLength: 30 }),
        async (steps) => {
          const clock = new ManualClock(0);
          const limiter = new AddressLimiter(5, clock);
          const passed: number[] = [];
          for (const [count, pauseMs] of steps) {
            void limiter.take('a', count).then(() => passed.push(count));
            clock.advance(pauseMs);
            await turn();
            const total = passed.reduce((sum, value) => sum + value, 0);
            expect(total).toBeLessThanOrEqual(5 + (clock.monotonicMs() / 1000) * 5 + 1e-9);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
