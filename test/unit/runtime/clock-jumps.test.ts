import { describe, expect, test } from 'vitest';
import { logClockJump, watchForClockJumps } from '../../../src/lib/runtime/clock-jumps.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { MemoryLog, settle } from '../agent/support.ts';

const HOUR_MS = 3_600_000;

describe('a watch on the clock', () => {
  test('F15, F16: tells of a clock that was set either way, and of a sleep, and of nothing else', async () => {
    const clock = new ManualClock();
    const jumps: number[] = [];
    const stop = new AbortController();
    const watch = watchForClockJumps(clock, (byMs) => jumps.push(byMs), { signal: stop.signal });
    const look = async (): Promise<void> => {
      clock.advance(4000);
      await settle();
    };
    await look();
    clock.jump(-HOUR_MS);
    await look();
    await look();
    clock.jump(30 * 24 * HOUR_MS);
    await look();
    clock.suspend(12 * HOUR_MS);
    await look();
    clock.jump(900);
    await look();
    expect(jumps).toEqual([-HOUR_MS, 30 * 24 * HOUR_MS, 12 * HOUR_MS]);
    stop.abort();
    await expect(watch).rejects.toMatchObject({ name: 'AbortError' });
    expect(clock.pending).toBe(0);
  });

  test('says in a log by how much', () => {
    const log = new MemoryLog();
    logClockJump(log, 12 * HOUR_MS);
    logClockJump(log, -HOUR_MS);
    expect(log.lines).toMatchObject([
      { level: 'info', fields: { by: '12h0m0s' } },
      { level: 'warn', fields: { by: '1h0m0s' } },
    ]);
  });
});
