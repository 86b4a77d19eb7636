import { decodePieces } from '../../src/lib/rpc/decode-in-turns.ts';
import { BatchCreateEntryRequest, ListEntriesRequest } from '../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../src/lib/wire/gen/spire/api/types/entry.ts';

/** So small that short inputs are cut. */
const LIMITS = { items: 2, bytes: 1 };

/**
 * Any bytes decoded in pieces give a message or a refusal, and what was well encoded gives the message that it gives in
 * one go.
 */
export function target(bytes: Uint8Array): void {
  sameInPieces(bytes, BatchCreateEntryRequest);
  sameInPieces(bytes, ListEntriesRequest);
  sameInPieces(bytes, Entry);
}

function sameInPieces<T>(
  bytes: Uint8Array,
  codec: { encode(message: T): { finish(): Uint8Array }; decode(bytes: Uint8Array): T },
): void {
  outcome(() => inPieces(bytes, codec.decode));
  let message: T;
  try {
    message = codec.decode(bytes);
  } catch {
    return;
  }
  const encoded = new Uint8Array(codec.encode(message).finish());
  if (outcome(() => codec.decode(encoded)) !== outcome(() => inPieces(encoded, codec.decode))) {
    throw new Error('the message was another one in pieces');
  }
}

function inPieces(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): unknown {
  const steps = decodePieces(bytes, decode, LIMITS);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

function outcome(decode: () => unknown): string {
  let message: unknown;
  try {
    message = decode();
  } catch {
    return 'refused';
  }
  return JSON.stringify(message, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}
