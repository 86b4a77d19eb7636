/** A number from zero to below the limit. */
export type Random = (below: number) => number;

/** Numbers that repeat for the same seed (xorshift32): a failure can be had again. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** The largest input that the mutations grow to. */
export const LARGEST_INPUT = 64 * 1024;

const INTERESTING_BYTES = [
  0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x0a, 0x0d, 0x20, 0x22, 0x2d, 0x2e, 0x2f, 0x30, 0x7b,
];

/** Around the ends of what integers hold, and in the forms that parsers disagree on. */
const INTERESTING_NUMBERS = (
  '0 -0 -1 00 01 1e3 1.5 127 128 255 256 65535 65536 2147483647 2147483648 4294967295 4294967296 9007199254740991 ' +
  '9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808 18446744073709551615 1e400'
).split(' ');

/** What the mutations choose from besides chance. */
export interface MutationSources {
  /** Another input of the same parser. */
  readonly other: Uint8Array;
  /** Words that the parser looks for. */
  readonly words?: readonly string[];
}

/** One to eight edits of an input. */
export function mutate(input: Uint8Array, sources: MutationSources, random: Random): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(input);
  for (let edits = 1 + random(8); edits > 0; edits -= 1) bytes = edit(bytes, sources, random);
  return bytes;
}

function edit(bytes: Uint8Array, { other, words = [] }: MutationSources, random: Random): Uint8Array {
  const at = random(bytes.length + 1);
  const length = 1 + random(16);
  switch (random(words.length === 0 ? 9 : 11)) {
    case 0: {
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    }
    case 1: {
      if (at < bytes.length) bytes[at] = pick(INTERESTING_BYTES, random) ?? 0;
      return bytes;
    }
    case 2:
      return splice(bytes, at, random(8) === 0 ? random(bytes.length + 1) : length, new Uint8Array());
    case 3:
      return splice(bytes, at, 0, bytes.subarray(at, at + length * 8));
    case 4:
      return splice(bytes, at, 0, randomBytes(length, random));
    case 5: {
      const from = random(other.length + 1);
      return splice(bytes, at, random(length + 1), other.subarray(from, from + length * 4));
    }
    case 6:
      return changeNumber(bytes, at, random);
    case 7: {
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) + (random(2) === 0 ? 1 : 255);
      return bytes;
    }
    case 8:
      // Rarely: what takes time in the square of its input shows only in long inputs.
      return random(128) === 0 ? repeat(bytes, at, length, random) : splice(bytes, at, 1, randomBytes(1, random));
    default:
      return splice(bytes, at, random(4) === 0 ? length : 0, Buffer.from(pick(words, random) ?? ''));
  }
}

function pick<T>(from: readonly T[], random: Random): T | undefined {
  return from[random(from.length)];
}

function randomBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

/** Puts another number in the place of the digits at or behind a position, within a few bytes. */
function changeNumber(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const isDigit = (index: number): boolean => (bytes[index] ?? 0) >= 0x30 && (bytes[index] ?? 0) <= 0x39;
  let start = at;
  while (start < bytes.length && start < at + 32 && !isDigit(start)) start += 1;
  let end = start;
  while (end < bytes.length && end < start + 20 && isDigit(end)) end += 1;
  if (end === start) return bytes;
  return splice(bytes, start, end - start, Buffer.from(pick(INTERESTING_NUMBERS, random) ?? '0'));
}

function repeat(bytes: Uint8Array, at: number, length: number, random: Random): Uint8Array {
  const piece = bytes.subarray(at, at + length);
  if (piece.length === 0) return bytes;
  const wanted = 1 << (6 + random(11));
  const times = Math.ceil(wanted / piece.length);
  const row = new Uint8Array(times * piece.length);
  for (let i = 0; i < times; i += 1) row.set(piece, i * piece.length);
  return splice(bytes, at, 0, row);
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const tail = bytes.subarray(Math.min(bytes.length, at + remove));
  if (at + insert.length + tail.length > LARGEST_INPUT) return bytes;
  const result = new Uint8Array(at + insert.length + tail.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(tail, at + insert.length);
  return result;
}
