import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { decodeInTurns, decodePieces } from '../../../src/lib/rpc/decode-in-turns.ts';
import { BatchCreateEntryRequest } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry, EntryMask } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const decode = (bytes: Uint8Array): unknown => BatchCreateEntryRequest.decode(bytes);

function encoded(count: number, mask?: EntryMask): Uint8Array<ArrayBuffer> {
  const entries = Array.from({ length: count }, (_, index) =>
    Entry.fromPartial({ id: String(index), hint: 'x'.repeat(100), spiffeId: { trustDomain: 'a', path: `/${index}` } }),
  );
  return new Uint8Array(BatchCreateEntryRequest.encode({ entries, outputMask: mask }).finish());
}

/** What the steps return. */
function lastOf(steps: Generator<void, unknown, void>): unknown {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

describe('decodeInTurns', () => {
  test('gives what decoding in one go gives, whatever stands around the list or within it', async () => {
    const part = fc.oneof(
      fc.integer({ min: 0, max: 700 }).map((count) => encoded(count)),
      fc.boolean().map((hint) => encoded(0, EntryMask.fromPartial({ hint }))),
      // Fields of a later version: a number, and text.
      fc.constantFrom(new Uint8Array([0xf8, 0x7f, 1]), new Uint8Array([0xfa, 0x7f, 2, 65, 66])),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), async (parts) => {
        const bytes = new Uint8Array(Buffer.concat(parts));
        const message = decode(bytes);
        expect(await decodeInTurns(bytes, decode)).toEqual(message);
        expect(lastOf(decodePieces(bytes, decode, { items: 3, bytes: 1 }))).toEqual(message);
      }),
      { numRuns: 100 },
    );
  });

  test('decodes what is no list as a whole, although it comes again and again', () => {
    const masks = Array.from({ length: 9 }, (_, index) => encoded(0, EntryMask.fromPartial({ hint: index % 2 === 0 })));
    const bytes = new Uint8Array(Buffer.concat(masks));
    const steps = decodePieces(bytes, decode, { items: 2, bytes: 1 });
    expect(steps.next().done).toBe(false);
    expect(steps.next()).toEqual({ done: true, value: decode(bytes) });
  });

  test('leaves a damaged message to who refuses it', async () => {
    const bytes = encoded(1000);
    const refuse = (): never => {
      throw new RangeError('damaged');
    };
    await expect(decodeInTurns(bytes.subarray(0, -1), decode)).rejects.toThrow();
    await expect(decodeInTurns(bytes, refuse)).rejects.toThrow('damaged');
  });

  test('F35: other events have their turn while a list of 30,000 is decoded', async () => {
    const bytes = encoded(30_000);
    let turns = 0;
    let isDone = false;
    setImmediate(function count() {
      turns += 1;
      if (!isDone) setImmediate(count);
    });
    const counted = vi.fn(decode);
    const message = await decodeInTurns(bytes, counted);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(149);
    expect(counted).toHaveBeenCalledTimes(151);
    expect(message).toEqual(decode(bytes));
  });
});
