import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeInTurns } from '../../../src/lib/rpc/encode-in-turns.ts';
import {
  type ListEntriesResponse,
  ListEntriesResponse as Response,
} from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const encode = (message: object): Uint8Array => Response.encode(Response.fromPartial(message)).finish();

function response(count: number, nextPageToken: string): ListEntriesResponse {
  const entries = Array.from({ length: count }, (_, index) =>
    Entry.fromPartial({ id: String(index), spiffeId: { trustDomain: 'example.org', path: `/${index}` } }),
  );
  return Response.fromPartial({ entries, nextPageToken });
}

describe('encodeInTurns', () => {
  test('gives parts that are together what reads as the message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1200 }), fc.string(), async (count, nextPageToken) => {
        const message = response(count, nextPageToken.toWellFormed());
        const parts = await encodeInTurns(message, encode);
        expect(Response.decode(Buffer.concat(parts))).toEqual(message);
      }),
      { numRuns: 30 },
    );
  });

  test('encodes a short list, and what is no list alone, in one go', async () => {
    expect(await encodeInTurns(response(200, 'x'), encode)).toHaveLength(1);
    const whole = Buffer.of(1);
    for (const message of [
      { list: Array(1000), other: { nested: [] } },
      { list: Array(1000), bytes: Buffer.of(1) },
      { list: Array(1000), others: [1] },
    ]) {
      expect(await encodeInTurns(message, () => whole)).toEqual([whole]);
    }
  });

  test('F35: other events have their turn while a list of 100,000 is encoded', async () => {
    let turns = 0;
    let isDone = false;
    setImmediate(function count() {
      turns += 1;
      if (!isDone) setImmediate(count);
    });
    const parts = await encodeInTurns({ list: Array(100_000).fill(0) }, () => Buffer.of());
    isDone = true;
    expect(parts).toHaveLength(500);
    expect(turns).toBeGreaterThanOrEqual(499);
  });
});
