import { describe, expect, it } from 'vitest';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { type WatchEvent, watchStream } from '../../../src/lib/workloadapi/watch.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const refusal = new RpcError(RpcCode.permissionDenied, 'no identity issued');

/** Streams to be opened one after the other; each gives its values and then breaks with `refusal`. */
function streams(...all: (readonly number[] | RpcError)[]): () => AsyncIterable<number> {
  const left = [...all];
  return async function* () {
    const next = left.shift() ?? [];
    if (next instanceof RpcError) throw next;
    yield* next;
    throw refusal;
  };
}

async function take<T>(watch: AsyncIterator<WatchEvent<T>>): Promise<T | string> {
  const { value, done } = await watch.next();
  if (done === true) return 'done';
  return value.kind === 'update' ? value.value : value.error.message;
}

/** Moves the clock when the watch waits, and tells how far it had to go, in steps of a second. */
async function secondsUntil(clock: ManualClock, next: Promise<unknown>): Promise<number> {
  let isSettled = false;
  void next.finally(() => {
    isSettled = true;
  });
  for (let seconds = 0; ; seconds += 1) {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    if (isSettled) return seconds;
    clock.advance(1000);
  }
}

describe('watchStream', () => {
  it('opens a broken stream again after 1 s, 2 s, ... and after 1 s when an answer came between', async () => {
    const clock = new ManualClock();
    const watch = watchStream(streams([], [], [5], []), { clock, random: () => 0.5 });
    const waits: number[] = [];
    const seen: unknown[] = [];
    for (let step = 0; step < 5; step += 1) {
      const next = take(watch);
      waits.push(await secondsUntil(clock, next));
      seen.push(await next);
    }
    expect(seen).toEqual([refusal.message, refusal.message, 5, refusal.message, refusal.message]);
    expect(waits).toEqual([0, 1, 2, 0, 1]);
    await watch.return(undefined);
  });

  it('never waits longer than 30 s', async () => {
    const clock = new ManualClock();
    const watch = watchStream(streams(), { clock, random: () => 0.5 });
    let last = 0;
    for (let step = 0; step < 40; step += 1) last = await secondsUntil(clock, take(watch));
    expect(last).toBe(30);
    await watch.return(undefined);
  });

  it('comes back up to a tenth sooner or later than others', async () => {
    for (const [random, waitMs] of [
      [0, 900],
      [0.5, 1000],
      [0.75, 1050],
    ] as const) {
      const clock = new ManualClock();
      const watch = watchStream(streams(), { clock, random: () => random });
      await take(watch);
      const next = take(watch);
      expect(clock.isAwaited(waitMs)).toBe(true);
      clock.advance(waitMs);
      await next;
      await watch.return(undefined);
    }
  });

  it('ends on what no retry mends', async () => {
    const refused = new RpcError(RpcCode.invalidArgument, 'security header missing from request');
    const watch = watchStream(streams(refused), { clock: new ManualClock() });
    expect(await take(watch)).toBe(refused.message);
    await expect(take(watch)).rejects.toBe(refused);
  });

  it('ends when the signal aborts while it waits', async () => {
    const controller = new AbortController();
    const watch = watchStream(streams([]), { clock: new ManualClock(), signal: controller.signal });
    expect(await take(watch)).toBe(refusal.message);
    const next = take(watch);
    controller.abort();
    await expect(next).rejects.toMatchObject({ code: 'canceled', message: 'context canceled' });
  });
});
