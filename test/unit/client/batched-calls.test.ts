import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withBatchProgress } from '../../../src/lib/cli/batch-progress.ts';
import type { Program } from '../../../src/lib/cli/programs.ts';
import { type BatchedCall, callInBatches as callInParts } from '../../../src/lib/client/batched-calls.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { captureIo } from '../cli/capture-io.ts';

/** A client whose connection a test breaks. */
class Connection {
  readonly listeners = new Set<() => void>();

  onClose(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  lose(): RpcError {
    for (const listener of this.listeners) listener();
    return new RpcError(RpcCode.unavailable, 'error reading from server: EOF');
  }
}

function contextOf(program: Program = 'spire-server', isTTY = false) {
  const { io, written } = captureIo();
  const stderr = { ...io.stderr, isTTY };
  const clock = new ManualClock();
  return { context: { program, io: { ...io, stderr }, clock, signal: new AbortController().signal }, written, clock };
}

/** As commands do it. */
function callInBatches<Item, Result>(
  connection: Connection,
  context: ReturnType<typeof contextOf>['context'],
  call: BatchedCall<Item, Result>,
): Promise<Result[]> {
  return withBatchProgress(context, call.items.length, (options) => callInParts(connection, options, call));
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

/** Lets what can go on without time go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('callInBatches', () => {
  it('sends every item once, in order, in parts within the limits', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2_000_000 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(sizes, async (items) => {
        const parts: (readonly number[])[] = [];
        const results = await callInBatches(new Connection(), contextOf().context, {
          items,
          sizeOf: (size) => size,
          send: async (some) => {
            parts.push(some);
            return some.map((size) => size + 1);
          },
        });
        expect(results).toEqual(items.map((size) => size + 1));
        expect(parts.flat()).toEqual(items);
        expect(parts.length).toBeGreaterThan(0);
        for (const part of parts) {
          const bytes = part.reduce((sum, size) => sum + size, 0);
          expect(part.length <= 1 || bytes <= 1024 * 1024).toBe(true);
        }
      }),
    );
  });

  it('sends at most a thousand at once', async () => {
    const lengths: number[] = [];
    await callInBatches(new Connection(), contextOf().context, {
      items: numbers(2500),
      sizeOf: () => 1,
      send: async (some) => {
        lengths.push(some.length);
        return some;
      },
    });
    expect(lengths).toEqual([1000, 1000, 500]);
  });

  it('F32: sends a part again whose answer was lost with the connection, and goes on behind it', async () => {
    const connection = new Connection();
    const { context, clock } = contextOf();
    const sent: [number, boolean][] = [];
    const sending = callInBatches(connection, context, {
      items: numbers(2000),
      sizeOf: () => 1,
      send: async (some, isRepeated) => {
        sent.push([some[0] ?? -1, isRepeated]);
        // Lost once with the answer; then the server is not back yet.
        if (sent.length === 2) throw connection.lose();
        if (sent.length === 3) throw new RpcError(RpcCode.unavailable, 'connection error');
        return some;
      },
    });
    await settle();
    for (let waits = 0; waits < 2; waits += 1) {
      clock.advance(1000);
      await settle();
    }
    expect(await sending).toEqual(numbers(2000));
    expect(sent).toEqual([
      [0, false],
      [1000, false],
      [1000, true],
      [1000, true],
    ]);
    expect(connection.listeners.size).toBe(0);
  });

  it('gives up on a server that stays away, and says on the umbrella how far it came', async () => {
    for (const [program, message] of [
      ['spire-server', /^rpc error: /],
      ['spirekit', /^after 1000 of 1500: rpc error: /],
    ] as const) {
      const connection = new Connection();
      const { context, clock } = contextOf(program);
      const sending = callInBatches(connection, context, {
        items: numbers(1500),
        sizeOf: () => 1,
        send: async (some) => {
          if (some[0] === 1000) throw connection.lose();
          return some;
        },
      });
      const outcome = expect(sending).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(message),
      });
      for (let seconds = 0; seconds < 40; seconds += 1) {
        await settle();
        clock.advance(1000);
      }
      await outcome;
    }
  });

  it('does not try again what fails for another reason, nor a server that never was there', async () => {
    for (const error of [
      new RpcError(RpcCode.unavailable, 'connection refused'),
      new RpcError(RpcCode.permissionDenied, 'no'),
    ]) {
      let calls = 0;
      const send = async (): Promise<readonly number[]> => {
        calls += 1;
        throw error;
      };
      const sending = callInBatches(new Connection(), contextOf().context, { items: [1], sizeOf: () => 1, send });
      await expect(sending).rejects.toBe(error);
      expect(calls).toBe(1);
    }
  });
});

describe('the progress of a batch', () => {
  const run = async (isTTY: boolean, stepMs: number): Promise<string> => {
    const { context, written, clock } = contextOf('spire-server', isTTY);
    await callInBatches(new Connection(), context, {
      items: numbers(2500),
      sizeOf: () => 1,
      send: async (some) => {
        clock.advance(stepMs);
        return some;
      },
    });
    expect(written.stdout).toBe('');
    return written.stderr;
  };

  it('is shown on a terminal once it takes a while, and gone in the end', async () => {
    expect(await run(true, 400)).toBe(
      '\r2000 of 2500 (80 %), 2500/s, 1 s left\x1b[K\r2500 of 2500 (100 %), 2083/s, 0 s left\x1b[K\r\x1b[K',
    );
  });

  it('is not shown elsewhere, nor of what is over soon', async () => {
    expect(await run(false, 400)).toBe('');
    expect(await run(true, 1)).toBe('');
  });
});
