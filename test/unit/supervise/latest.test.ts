import { describe, expect, it } from 'vitest';
import { Latest } from '../../../src/lib/supervise/latest.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const never = new AbortController().signal;

describe('the latest', () => {
  it('is what was put last, once', async () => {
    const clock = new ManualClock();
    const latest = new Latest<number>(clock);
    latest.put(1);
    latest.put(2);
    expect(await latest.take({ signal: never, waitMs: 1 })).toBe(2);
    const next = latest.take({ signal: never, waitMs: 1000 });
    clock.advance(1000);
    expect(await next).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('wakes who waits for it', async () => {
    const clock = new ManualClock();
    const latest = new Latest<number>(clock);
    const next = latest.take({ signal: never, waitMs: Number.POSITIVE_INFINITY });
    latest.put(3);
    expect(await next).toBe(3);
  });

  it('is not waited for any more when the signal aborts', async () => {
    const stop = new AbortController();
    const latest = new Latest<number>(new ManualClock());
    const next = latest.take({ signal: stop.signal, waitMs: 1000 });
    stop.abort();
    expect(await next).toBeUndefined();
    expect(await latest.take({ signal: stop.signal, waitMs: 1000 })).toBeUndefined();
  });
});
