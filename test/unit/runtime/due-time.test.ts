import { describe, expect, test } from 'vitest';
import { DUE_NOW, dueAt, msUntil } from '../../../src/lib/runtime/due-time.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const HOUR_MS = 3_600_000;

describe('a moment on both clocks', () => {
  test('comes when the time has passed', () => {
    const clock = new ManualClock();
    const due = dueAt(clock.nowMs() + HOUR_MS, clock);
    expect(msUntil(due, clock)).toBe(HOUR_MS);
    clock.advance(HOUR_MS);
    expect(msUntil(due, clock)).toBe(0);
  });

  test('F15: does not wait longer when the clock is set back', () => {
    const clock = new ManualClock();
    const due = dueAt(clock.nowMs() + HOUR_MS, clock);
    clock.jump(-30 * 24 * HOUR_MS);
    expect(msUntil(due, clock)).toBe(HOUR_MS);
    clock.advance(HOUR_MS);
    expect(msUntil(due, clock)).toBe(0);
  });

  test('F16: has come when the machine wakes after it', () => {
    const clock = new ManualClock();
    const due = dueAt(clock.nowMs() + HOUR_MS, clock);
    clock.suspend(12 * HOUR_MS);
    expect(msUntil(due, clock)).toBeLessThanOrEqual(0);
  });

  test('comes after the longest wait even if the wall clock was wrong from the start', () => {
    const clock = new ManualClock();
    const due = dueAt(clock.nowMs() + 5 * HOUR_MS, clock, HOUR_MS);
    expect(msUntil(due, clock)).toBe(HOUR_MS);
  });

  test('may be now', () => {
    expect(msUntil(DUE_NOW, new ManualClock())).toBeLessThan(0);
  });
});
