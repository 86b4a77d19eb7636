import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Alarm } from '../../../../src/lib/agent/manager/alarm.ts';
import { Backoff } from '../../../../src/lib/agent/manager/backoff.ts';
import { BatchSize } from '../../../../src/lib/agent/manager/batch-size.ts';
import {
  isTooShortForTarget,
  jwtRotationTimeMs,
  x509RotationTimeMs,
} from '../../../../src/lib/agent/manager/rotation-strategy.ts';
import { runTasks } from '../../../../src/lib/agent/manager/run-tasks.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { rejection, settle } from '../support.ts';

const never = new AbortController().signal;
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const HOUR_MS = 3_600_000;

describe('Backoff', () => {
  test('grows by half each time up to its limit, and starts again after a success', () => {
    const backoff = new Backoff({ initialMs: 5000, maxMs: 12_000, random: () => 0.5 });
    expect([1, 2, 3, 4].map(() => backoff.nextMs())).toEqual([5000, 7500, 11_250, 12_000]);
    backoff.reset();
    expect(backoff.nextMs()).toBe(5000);
  });

  test('stays within a tenth of the interval', () => {
    fc.assert(
      fc.property(fraction, (random) => {
        const wait = new Backoff({ initialMs: 1000, random: () => random }).nextMs();
        expect(wait).toBeGreaterThanOrEqual(900);
        expect(wait).toBeLessThanOrEqual(1100);
      }),
    );
  });

  test('is bounded by 24 intervals by default', () => {
    const backoff = new Backoff({ initialMs: 10, random: () => 0.5 });
    for (let attempt = 0; attempt < 50; attempt++) backoff.nextMs();
    expect(backoff.nextMs()).toBe(240);
  });
});

describe('BatchSize', () => {
  test('halves after failures and doubles after successes, between 1 and the limit', () => {
    const size = new BatchSize(5);
    size.failed();
    expect(size.current).toBe(2);
    size.failed();
    size.failed();
    expect(size.current).toBe(1);
    for (let round = 0; round < 4; round++) size.succeeded();
    expect(size.current).toBe(5);
  });
});

describe('rotation', () => {
  test('falls between 45 and 55 percent of the life', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1000, max: 2 ** 40 }), fraction, (notBeforeMs, lifeMs, random) => {
        const lifetime = { notBeforeMs, notAfterMs: notBeforeMs + lifeMs };
        const strategy = { availabilityTargetSeconds: undefined, random: () => random };
        for (const timeMs of [x509RotationTimeMs(strategy, lifetime), jwtRotationTimeMs(strategy, lifetime)]) {
          expect((timeMs - notBeforeMs) / lifeMs).toBeGreaterThanOrEqual(0.45 - 1e-6);
          expect((timeMs - notBeforeMs) / lifeMs).toBeLessThanOrEqual(0.55 + 1e-6);
        }
      }),
    );
  });

  test('waits a little with one that its issuer cut short, so that the next is not asked for at once, and again', () => {
    const strategy = { availabilityTargetSeconds: undefined, random: () => 0 };
    // Dated back by 10 s, with 6 s left.
    const cut = { notBeforeMs: 0, notAfterMs: 16_000 };
    expect(x509RotationTimeMs(strategy, cut, 10_000)).toBe(11_500);
    expect(x509RotationTimeMs(strategy, cut, 15_000)).toBe(15_500);
    expect(x509RotationTimeMs(strategy, cut, 17_000)).toBe(22_000);
    const whole = { notBeforeMs: 0, notAfterMs: HOUR_MS };
    expect(x509RotationTimeMs(strategy, whole, 10_000)).toBe(HOUR_MS * 0.45);
  });

  test('leaves the time of the availability target, if the life is long enough', () => {
    const strategy = { availabilityTargetSeconds: 24 * 3600, random: () => 0 };
    const long = { notBeforeMs: 0, notAfterMs: 48 * HOUR_MS };
    expect(x509RotationTimeMs(strategy, long)).toBe(24 * HOUR_MS);
    expect(x509RotationTimeMs({ ...strategy, random: () => 0.5 }, long)).toBe(24 * HOUR_MS - 5 * 60_000);
    const short = { notBeforeMs: 0, notAfterMs: 36 * HOUR_MS };
    expect(isTooShortForTarget(strategy, short)).toBe(true);
    expect(x509RotationTimeMs(strategy, short)).toBe(36 * HOUR_MS * 0.45);
  });
});

describe('Alarm', () => {
  test('rings when the time has come', async () => {
    const clock = new ManualClock();
    let isOver = false;
    const wait = new Alarm(clock).wait(100, never).then(() => {
      isOver = true;
    });
    clock.advance(99);
    await settle();
    expect(isOver).toBe(false);
    clock.advance(1);
    await wait;
    expect(clock.pending).toBe(0);
  });

  test('rings early when asked to, also if that was before the wait', async () => {
    const clock = new ManualClock();
    const alarm = new Alarm(clock);
    const wait = alarm.wait(1e9, never);
    alarm.ring();
    await wait;
    alarm.ring();
    await alarm.wait(1e9, never);
    expect(clock.pending).toBe(0);
  });

  test('counts several rings during one wait once', async () => {
    const clock = new ManualClock();
    const alarm = new Alarm(clock);
    alarm.ring();
    alarm.ring();
    await alarm.wait(1e9, never);
    const second = alarm.wait(5, never);
    await settle();
    expect(clock.pending).toBe(1);
    clock.advance(5);
    await second;
  });

  test('gives up with the reason of the signal', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const wait = rejection(new Alarm(clock).wait(1e9, stop.signal));
    stop.abort(new Error('enough'));
    expect(await wait).toEqual(new Error('enough'));
    expect(clock.pending).toBe(0);
  });
});

describe('runTasks', () => {
  const untilStopped = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

  test('ends well when told to stop', async () => {
    const stop = new AbortController();
    const run = runTasks([untilStopped, untilStopped], stop.signal);
    stop.abort();
    await expect(run).resolves.toBeUndefined();
  });

  test('stops the others when one fails, and waits for them', async () => {
    let hasEnded = false;
    const slow = async (signal: AbortSignal): Promise<void> => {
      await rejection(untilStopped(signal));
      await settle();
      hasEnded = true;
    };
    const run = runTasks([slow, () => Promise.reject(new Error('first'))], never);
    await expect(run).rejects.toThrow('first');
    expect(hasEnded).toBe(true);
  });

  test('lets a task end early', async () => {
    const stop = new AbortController();
    const run = runTasks([async () => {}, untilStopped], stop.signal);
    await settle();
    stop.abort();
    await run;
  });
});
