import { LARGEST_INPUT } from '../../test/support/mutate.ts';

/** What a worker is told. */
export interface WorkerOrder {
  readonly name: string;
  readonly seconds: number;
  readonly seed: number;
  readonly isBlind: boolean;
  readonly findsExtensions: boolean;
  readonly watched: SharedArrayBuffer;
}

/** Two numbers before the input: how many inputs there were, and the length of the present one. */
const HEADER = 8;

/** Memory in which a worker shows which input it is at, so that one that never ends can be reported. */
export function makeWatched(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER + LARGEST_INPUT);
}

/** The worker's side. */
export function announcer(watched: SharedArrayBuffer): (input: Uint8Array) => void {
  const header = new Int32Array(watched, 0, 2);
  const bytes = new Uint8Array(watched, HEADER);
  return (input) => {
    const shown = input.subarray(0, bytes.length);
    bytes.set(shown);
    header[1] = shown.length;
    Atomics.add(header, 0, 1);
  };
}

/** The watcher's side: the number of the input, which differs from one to the next. */
export function inputNumber(watched: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(watched, 0, 2), 0);
}

/** The watcher's side: a copy of the input. */
export function watchedInput(watched: SharedArrayBuffer): Uint8Array {
  const length = Atomics.load(new Int32Array(watched, 0, 2), 1);
  return Uint8Array.from(new Uint8Array(watched, HEADER, length));
}
