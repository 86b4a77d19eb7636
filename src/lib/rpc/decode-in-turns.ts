import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { nextTurn } from '../runtime/next-turn.ts';

/** When a message is decoded in pieces. */
interface PieceLimits {
  /** Items of a list in one piece, and so in one turn of the event loop. */
  readonly items: number;
  /** A message shorter than this is decoded in no time, whatever it holds. */
  readonly bytes: number;
}

const LIMITS: PieceLimits = { items: 200, bytes: 16 * 1024 };

/** Changes from one field to another that are followed at most: a message with a long list has few. */
const MOST_RUNS = 16;

/** Decodes a message. */
type Decode = (bytes: Uint8Array) => unknown;

/**
 * What `decode` gives. A message whose long list would keep the event loop busy is decoded piece by piece of it, and other
 * events have their turn in between: the counterpart of `encodeInTurns`. Rejects with what `decode` throws. Of a damaged
 * message, whose items reach into each other, the pieces may say something else than the whole.
 */
export async function decodeInTurns(bytes: Uint8Array, decode: Decode): Promise<unknown> {
  const pieces = decodePieces(bytes, decode);
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
    await nextTurn();
  }
}

/** {@link decodeInTurns} as steps: yields where others may have their turn, and returns the message. */
export function* decodePieces(
  bytes: Uint8Array,
  decode: Decode,
  limits: PieceLimits = LIMITS,
): Generator<void, unknown, void> {
  const list = bytes.byteLength < limits.bytes ? undefined : findLongList(bytes, limits.items);
  if (list === undefined) return decode(bytes);
  const rest = decode(new Uint8Array(Buffer.concat([bytes.subarray(0, list.start), bytes.subarray(list.ends.at(-1))])));
  let name: string | undefined;
  const items: unknown[] = [];
  let start = list.start;
  for (const end of list.ends) {
    yield;
    const piece = decode(bytes.subarray(start, end));
    name ??= findFilledList(piece);
    const some = isRecord(piece) && name !== undefined ? piece[name] : undefined;
    // No list after all: of a field that comes again the last one counts, and that takes the whole message to see.
    if (!Array.isArray(some)) return decode(bytes);
    for (const item of some) items.push(item);
    start = end;
  }
  return name !== undefined && isRecord(rest) ? { ...rest, [name]: items } : decode(bytes);
}

/** A field that comes many times in a row, and nowhere else in the message. */
interface Run {
  readonly field: number;
  readonly wireType: WireType;
  readonly start: number;
  count: number;
  /** Where pieces of it end, the last one with the run itself. */
  readonly ends: number[];
}

/** Undefined if there is none, or if the message is damaged: who decodes it says so. */
function findLongList(bytes: Uint8Array, pieceItems: number): Run | undefined {
  const runs = findRuns(bytes, pieceItems);
  const longest = runs?.reduce<Run | undefined>((a, b) => (a === undefined || b.count > a.count ? b : a), undefined);
  if (runs === undefined || longest === undefined) return undefined;
  const isAlone = runs.every((run) => run === longest || run.field !== longest.field);
  return isAlone && longest.wireType === WireType.LengthDelimited && longest.count > pieceItems ? longest : undefined;
}

function findRuns(bytes: Uint8Array, pieceItems: number): Run[] | undefined {
  const reader = new BinaryReader(bytes);
  const runs: Run[] = [];
  try {
    while (reader.pos < reader.len) {
      const start = reader.pos;
      const [field, wireType] = reader.tag();
      reader.skip(wireType, field);
      let run = runs.at(-1);
      if (run?.field !== field || run.wireType !== wireType) {
        if (runs.length === MOST_RUNS) return undefined;
        run = { field, wireType, start, count: 0, ends: [] };
        runs.push(run);
      }
      if (run.count % pieceItems === 0) run.ends.push(reader.pos);
      else run.ends[run.ends.length - 1] = reader.pos;
      run.count += 1;
    }
  } catch {
    return undefined;
  }
  return runs;
}

function findFilledList(message: unknown): string | undefined {
  if (!isRecord(message)) return undefined;
  return Object.keys(message).find((key) => {
    const value = message[key];
    return Array.isArray(value) && value.length > 0;
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
