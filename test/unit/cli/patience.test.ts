import { describe, expect, it } from 'vitest';
import { mayPass, withPatience } from '../../../src/lib/cli/patience.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const SECOND = 1_000_000_000n;
const nothingListens = new RpcError(RpcCode.unavailable, 'connection refused');
const noIdentity = new RpcError(RpcCode.permissionDenied, 'no identity issued');

/** A clock that moves to the next timer as soon as somebody waits for it. */
class HurriedClock extends ManualClock {
  protected override onSchedule(): void {
    queueMicrotask(() => this.advance(50));
  }

  override schedule(delayMs: number, callback: () => void): () => void {
    return super.schedule(Math.min(delayMs, 50), callback);
  }
}

function contextOf(isTTY = false, columns?: number) {
  const clock = new HurriedClock();
  let stderr = '';
  const controller = new AbortController();
  const context = {
    clock,
    signal: controller.signal,
    io: {
      stdin: process.stdin,
      stdout: { write: () => expect.unreachable('nothing belongs on stdout') },
      stderr: { isTTY, columns, write: (text: string | Uint8Array) => (stderr += text) },
    },
  };
  return { clock, context, controller, written: () => stderr };
}

/** Fails so many times, then answers with how often it was asked; remembers when it was. */
function failing(times: number, error: SpirekitError, clock: ManualClock) {
  const askedMs: number[] = [];
  const startMs = clock.monotonicMs();
  const attempt = async (): Promise<number> => {
    askedMs.push(clock.monotonicMs() - startMs);
    if (askedMs.length <= times) throw error;
    return askedMs.length;
  };
  return { attempt, askedMs };
}

describe('withPatience', () => {
  it('tries again, ever less often, until there is an answer', async () => {
    const { clock, context } = contextOf();
    const { attempt, askedMs } = failing(12, noIdentity, clock);
    const patience = { waitNanoseconds: 60n * SECOND, what: 'an identity', random: () => 0.5 };
    expect(await withPatience(attempt, patience, context)).toBe(13);
    const pauses = askedMs.slice(1).map((ms, index) => ms - (askedMs[index] ?? 0));
    expect(pauses.slice(0, 3)).toEqual([100, 200, 300]);
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses.at(-1)).toBe(5000);
  });

  it('tries a last time when the wait is over, and then says what it waited for', async () => {
    const { clock, context } = contextOf();
    const { attempt, askedMs } = failing(Number.POSITIVE_INFINITY, nothingListens, clock);
    const patience = { waitNanoseconds: 3n * SECOND, what: 'an identity' };
    await expect(withPatience(attempt, patience, context)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^waited 3s for an identity: .*connection refused$/),
    });
    expect(askedMs.at(-1)).toBe(3000);
  });

  it('gives up at once on what time does not mend, and without a wait on anything', async () => {
    for (const [error, waitNanoseconds] of [
      [new RpcError(RpcCode.permissionDenied, 'not you'), SECOND],
      [new RpcError(RpcCode.invalidArgument, 'audience'), SECOND],
      [nothingListens, 0n],
      [nothingListens, -1n],
    ] as const) {
      const { clock, context } = contextOf();
      const { attempt, askedMs } = failing(5, error, clock);
      await expect(withPatience(attempt, { waitNanoseconds, what: 'it' }, context)).rejects.toBe(error);
      expect(askedMs).toHaveLength(1);
    }
  });

  it('F34: spreads those who wait for the same thing', async () => {
    const pausesOf = async (random: number): Promise<number[]> => {
      const { clock, context } = contextOf();
      const { attempt, askedMs } = failing(8, nothingListens, clock);
      await withPatience(attempt, { waitNanoseconds: 60n * SECOND, what: 'it', random: () => random }, context);
      return askedMs;
    };
    const [early = 0, late = 0] = [(await pausesOf(0)).at(-1), (await pausesOf(0.99)).at(-1)];
    expect(late / early).toBeGreaterThan(1.2);
  });

  it('says on a terminal what it waits for, within its width, and clears the line', async () => {
    const { clock, context, written } = contextOf(true, 60);
    const hostile = new RpcError(RpcCode.unavailable, 'no \u001b[2J such file');
    const { attempt } = failing(2, hostile, clock);
    await withPatience(attempt, { waitNanoseconds: 10n * SECOND, what: 'an X509-SVID' }, context);
    expect(written()).toMatch(/^\rWaiting for an X509-SVID, 10 s at most: no \\u001b\[2J/);
    expect(written().endsWith('\r\x1b[K')).toBe(true);
    for (const line of written().split('\r')) expect(line.replace('\x1b[K', '').length).toBeLessThan(60);
  });

  it('says nothing where there is no terminal', async () => {
    const { clock, context, written } = contextOf(false);
    await withPatience(failing(3, nothingListens, clock).attempt, { waitNanoseconds: SECOND, what: 'it' }, context);
    expect(written()).toBe('');
  });

  it('ends when it is told to', async () => {
    const { clock, context, controller } = contextOf();
    const attempt = async (): Promise<never> => {
      if (clock.monotonicMs() % 7000 > 3000) controller.abort(new SpirekitError('canceled', 'stopped by SIGTERM'));
      throw nothingListens;
    };
    const waiting = withPatience(attempt, { waitNanoseconds: 3600n * SECOND, what: 'it' }, context);
    await expect(waiting).rejects.toSatisfy((error) => error === nothingListens || error.code === 'canceled');
  });
});

describe('mayPass', () => {
  it.each([
    [noIdentity, true],
    [nothingListens, true],
    [new RpcError(RpcCode.deadlineExceeded, 'late'), true],
    [new RpcError(RpcCode.permissionDenied, 'you are banned'), false],
    [new RpcError(RpcCode.unimplemented, 'what?'), false],
  ])('%s: %s', (error, expected) => {
    expect(mayPass(error)).toBe(expected);
  });
});
