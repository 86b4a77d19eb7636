import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './programs.ts';

/** A parser under test: throws only where an invariant does not hold, never because the bytes are bad. */
export type FuzzTarget = (bytes: Uint8Array) => void;

/** A fuzz target with its name and the inputs that are kept for it. */
export interface NamedTarget {
  readonly name: string;
  readonly target: FuzzTarget;
  readonly corpus: readonly Uint8Array[];
}

const folder = join(projectRoot, 'test/fuzz');

/** All targets: every `test/fuzz/NAME.fuzz.ts`, with the files of `test/fuzz/corpus/NAME/`. */
export async function loadTargets(): Promise<NamedTarget[]> {
  const targets: NamedTarget[] = [];
  for (const file of globSync('*.fuzz.ts', { cwd: folder }).sort()) {
    const module: { target: FuzzTarget } = await import(pathToFileURL(join(folder, file)).href);
    const name = basename(file, '.fuzz.ts');
    const kept = join(folder, 'corpus', name);
    const files = existsSync(kept) ? globSync('*', { cwd: kept }).sort() : [];
    targets.push({ name, target: module.target, corpus: files.map((entry) => readFileSync(join(kept, entry))) });
  }
  return targets;
}

/** Numbers that repeat for the same seed (xorshift32): a failure can be had again. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const INTERESTING = [
  0x00, 0x01, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x0a, 0x0d, 0x20, 0x22, 0x2d, 0x2e, 0x2f, 0x30, 0x7b,
];

/** The largest input that the mutations grow to. */
const LARGEST = 64 * 1024;

/** One to eight edits of an input: flipped bits, telling bytes, cuts, copies, and pieces of a second input. */
export function mutate(input: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(input);
  for (let edits = 1 + random(8); edits > 0; edits -= 1) bytes = edit(bytes, other, random);
  return bytes;
}

function edit(bytes: Uint8Array, other: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(bytes.length + 1);
  const length = 1 + random(16);
  switch (random(6)) {
    case 0: {
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    }
    case 1: {
      if (at < bytes.length) bytes[at] = INTERESTING[random(INTERESTING.length)] ?? 0;
      return bytes;
    }
    case 2:
      return splice(bytes, at, length, new Uint8Array());
    case 3:
      return splice(bytes, at, 0, bytes.subarray(at, at + length * 8));
    case 4:
      return splice(
        bytes,
        at,
        0,
        Uint8Array.from({ length }, () => random(256)),
      );
    default: {
      const from = random(other.length + 1);
      return splice(bytes, at, random(length + 1), other.subarray(from, from + length * 4));
    }
  }
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const tail = bytes.subarray(Math.min(bytes.length, at + remove));
  if (at + insert.length + tail.length > LARGEST) return bytes;
  const result = new Uint8Array(at + insert.length + tail.length);
  result.set(bytes.subarray(0, at));
  result.set(insert, at);
  result.set(tail, at + insert.length);
  return result;
}
