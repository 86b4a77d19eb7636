import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sleep, systemClock } from '../../../src/lib/runtime/clock.ts';

const DAY_MS = 24 * 3_600_000;

describe('the real clock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([
    ['60 days', 60 * DAY_MS],
    ['10 years', 3652 * DAY_MS],
  ])('F15: waits for %s, which no timer of Node holds', async (_, delayMs) => {
    let isOver = false;
    const wait = sleep(systemClock, delayMs).then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(delayMs - 1);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await wait;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('can be asked to forget a long wait in the middle', async () => {
    const called = vi.fn();
    const cancel = systemClock.schedule(60 * DAY_MS, called);
    await vi.advanceTimersByTimeAsync(30 * DAY_MS);
    cancel();
    await vi.advanceTimersByTimeAsync(60 * DAY_MS);
    expect(called).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends a wait when the signal aborts', async () => {
    const stop = new AbortController();
    const wait = sleep(systemClock, DAY_MS, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(wait).rejects.toThrow('enough');
    expect(vi.getTimerCount()).toBe(0);
  });
});
