import { inspect } from 'node:util';
import type { FuzzTarget } from '../../test/support/fuzz.ts';
import { mutate, type Random, seededRandom } from '../../test/support/mutate.ts';
import type { Coverage } from './coverage.ts';
import { trim } from './trim.ts';

/** An input that takes longer than this is a finding: a parser that hangs is as bad as one that falls. */
export const SLOW_MS = 1_000;

/** How large the pool of inputs that are mutated further may grow. */
const POOL = 1_024;

/** What a run is made of. */
export interface FuzzOptions {
  readonly target: FuzzTarget;
  /** The kept inputs. */
  readonly corpus: readonly Uint8Array[];
  readonly seconds: number;
  readonly seed: number;
  /** What inputs reach; undefined where it cannot be known. */
  readonly coverage: Coverage | undefined;
  /** Chooses inputs as if it could not. */
  readonly isBlind: boolean;
  /** Looks for {@link FuzzOutcome.extensions}, which takes some time. */
  readonly findsExtensions: boolean;
  /** Told of each input before it is tried, for whoever watches over inputs that never end. */
  readonly announce: (input: Uint8Array) => void;
}

/** An input that broke an invariant or took too long. */
export interface Finding {
  readonly input: Uint8Array;
  readonly what: string;
}

/** What came of a run. */
export interface FuzzOutcome {
  readonly runs: number;
  /** Counters that were hit, of those that coverage put into the modules; 0 without it. */
  readonly reached: number;
  readonly slowestMs: number;
  readonly finding?: Finding;
  /** Short inputs that reach what no kept input does. */
  readonly extensions: readonly Uint8Array[];
}

/** Tries mutations of the kept inputs, and of those that did something new, until the time is over or one breaks it. */
export function fuzzTarget(options: FuzzOptions): FuzzOutcome {
  const { corpus, seconds, seed, coverage, isBlind, findsExtensions } = options;
  const target: FuzzTarget = (input) => {
    options.announce(input);
    options.target(input);
  };
  const random = seededRandom(seed);
  const pool: Uint8Array[] = [];
  let runs = 0;
  let slowestMs = 0;

  const attempt = (input: Uint8Array): Finding | undefined => {
    runs += 1;
    const what = failureOf(target, input, coverage);
    if (what === undefined) return undefined;
    const isSame = (shorter: Uint8Array): boolean => kindOf(failureOf(target, shorter)) === kindOf(what);
    const short = trim(input, isSame);
    return { input: short, what: failureOf(target, short) ?? what };
  };
  const timed = (input: Uint8Array): Finding | undefined => {
    const start = performance.now();
    const finding = attempt(input);
    const elapsedMs = performance.now() - start;
    slowestMs = Math.max(slowestMs, elapsedMs);
    if (finding !== undefined || elapsedMs <= SLOW_MS) return finding;
    // The machine may have been busy with something else: from here on the processor's time counts.
    const againMs = Math.min(processorMs(target, input), processorMs(target, input));
    return againMs > SLOW_MS ? { input, what: `takes ${Math.round(againMs)} ms` } : undefined;
  };
  const outcome = (finding?: Finding): FuzzOutcome => ({
    runs,
    reached: coverage?.reached ?? 0,
    slowestMs,
    ...(finding === undefined ? {} : { finding }),
    extensions: coverage === undefined || !findsExtensions ? [] : extensionsOf(target, corpus, pool, coverage),
  });

  for (const input of [...corpus, new Uint8Array()]) {
    const finding = timed(input);
    if (finding !== undefined) return outcome(finding);
    coverage?.takeNews();
    pool.push(input);
  }
  const words = isBlind ? [] : [...(coverage?.words ?? [])];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    const input = mutate(pick(pool, random), { other: pick(pool, random), words }, random);
    const finding = timed(input);
    if (finding !== undefined) return outcome(finding);
    const isNews = coverage?.takeNews() ?? false;
    if (isBlind || coverage === undefined ? random(64) === 0 : isNews) {
      if (pool.length < POOL) pool.push(input);
      else pool[corpus.length + random(POOL - corpus.length)] = input;
    }
  }
  return outcome();
}

/** The shorter of two, as it is the quicker one; each half of the time one of the latest: what is new leads on. */
function pick(pool: readonly Uint8Array[], random: Random): Uint8Array {
  const one = pickOne(pool, random);
  const other = pickOne(pool, random);
  return one.length < other.length ? one : other;
}

function pickOne(pool: readonly Uint8Array[], random: Random): Uint8Array {
  const latest = Math.min(pool.length, 16);
  const index = random(2) === 0 ? pool.length - 1 - random(latest) : random(pool.length);
  return pool[index] ?? new Uint8Array();
}

/** How a target breaks on an input; undefined if it holds. */
function failureOf(target: FuzzTarget, input: Uint8Array, coverage?: Coverage): string | undefined {
  try {
    if (coverage === undefined) target(input);
    else coverage.watch(() => target(input));
    return undefined;
  } catch (error) {
    return inspect(error);
  }
}

/** Where an error came from, whatever its message quotes of the input. */
function kindOf(failure: string | undefined): string | undefined {
  return failure?.split('\n').find((line) => /^\s+at /.test(line));
}

function processorMs(target: FuzzTarget, input: Uint8Array): number {
  const start = process.cpuUsage();
  target(input);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

/** No more than this many inputs are kept from one run, and none that is longer. */
const MAX_EXTENSIONS = 16;
const LONGEST_EXTENSION = 2_048;

/** The fewest and shortest inputs of the pool that hit counters which the kept ones do not. */
function extensionsOf(
  target: FuzzTarget,
  corpus: readonly Uint8Array[],
  pool: readonly Uint8Array[],
  coverage: Coverage,
): Uint8Array[] {
  const countersOf = (input: Uint8Array): Set<number> => {
    const holds = failureOf(target, input, coverage) === undefined;
    return holds ? coverage.counters() : new Set();
  };
  const known = new Set<number>();
  for (const input of corpus) for (const counter of countersOf(input)) known.add(counter);
  const extensions: Uint8Array[] = [];
  for (const input of pool.toSorted((a, b) => a.length - b.length)) {
    const news = [...countersOf(input)].filter((counter) => !known.has(counter));
    if (news.length === 0) continue;
    const short = trim(input, (shorter) => {
      const reached = countersOf(shorter);
      return news.every((counter) => reached.has(counter));
    });
    if (short.length > LONGEST_EXTENSION || extensions.length === MAX_EXTENSIONS) continue;
    extensions.push(short);
    for (const counter of countersOf(short)) known.add(counter);
  }
  return extensions;
}
