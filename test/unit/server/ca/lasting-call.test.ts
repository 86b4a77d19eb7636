import { describe, expect, test } from 'vitest';
import { LastingCall } from '../../../../src/lib/server/ca/upstream/lasting-call.ts';
import { ManualClock } from '../../../support/manual-clock.ts';

/** A call that is followed until its signal aborts. */
function followed(name: string, ended: string[]) {
  return async (signal: AbortSignal) => ({
    result: name,
    follow: () =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          ended.push(name);
          resolve();
        });
      }),
  });
}

const silent = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

const deaf = (): Promise<never> => new Promise(() => {});

describe('a lasting call', () => {
  test('is followed until the next one has succeeded', async () => {
    const ended: string[] = [];
    await using calls = new LastingCall(new ManualClock());
    expect(await calls.run(1_000, followed('first', ended))).toBe('first');
    expect(ended).toEqual([]);
    expect(await calls.run(1_000, followed('second', ended))).toBe('second');
    expect(ended).toEqual(['first']);
  });

  test('is followed on when the next one fails', async () => {
    const ended: string[] = [];
    const calls = new LastingCall(new ManualClock());
    await calls.run(1_000, followed('first', ended));
    await expect(calls.run(1_000, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(ended).toEqual([]);
    await calls[Symbol.asyncDispose]();
    expect(ended).toEqual(['first']);
  });

  test.each([
    ['that obeys its signal', silent],
    ['that does not', deaf],
  ])('does not wait longer than it may for an answer: one %s', async (_, call) => {
    const clock = new ManualClock();
    await using calls = new LastingCall(clock);
    const failed = expect(calls.run(30_000, call)).rejects.toMatchObject({ code: 'deadline-exceeded' });
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(30_000);
    await failed;
    expect(clock.pending).toBe(0);
    expect(await calls.run(1_000, followed('next', []))).toBe('next');
  });

  test('runs one after the other', async () => {
    const order: string[] = [];
    await using calls = new LastingCall(new ManualClock());
    const call = (name: string) => async () => {
      order.push(`${name} begins`);
      await new Promise(setImmediate);
      order.push(`${name} ends`);
      return { result: name, follow: async () => {} };
    };
    await Promise.all([calls.run(1_000, call('one')), calls.run(1_000, call('two'))]);
    expect(order).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  });

  test('ends with its owner, and none begins after', async () => {
    const calls = new LastingCall(new ManualClock());
    const failed = expect(calls.run(30_000, silent)).rejects.toMatchObject({ code: 'canceled' });
    await new Promise(setImmediate);
    await calls[Symbol.asyncDispose]();
    await failed;
    await expect(calls.run(1_000, followed('late', []))).rejects.toMatchObject({ code: 'canceled' });
  });
});
