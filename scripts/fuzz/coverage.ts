import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../../test/support/programs.ts';
import { instrument } from './instrument.ts';

/** More counters than the modules of any one parser have. */
const COUNTERS = 1 << 17;

/** How often a counter was hit, in classes: twice as often is news, once more is not, nor is over 32 times. */
const CLASSES = 6;

/**
 * What the modules under `src` do with an input: they are given counters as they are loaded, so this must be opened
 * before the first of them is imported. Only in a process or thread of its own: it changes how modules are loaded.
 */
export class Coverage {
  /** Short string literals of the modules loaded so far. */
  readonly words = new Set<string>();
  readonly #hits = new Uint32Array(COUNTERS);
  readonly #touched = new Uint32Array(COUNTERS);
  readonly #seen = new Uint8Array(COUNTERS);
  #touchedCount = 0;
  #nextCounter = 0;

  /** Undefined where Node has no such hooks (before 22.15). */
  static open(): Coverage | undefined {
    if (typeof nodeModule.registerHooks !== 'function') return undefined;
    const coverage = new Coverage();
    coverage.#hook();
    return coverage;
  }

  /** Runs one input. */
  watch(run: () => void): void {
    for (let i = 0; i < this.#touchedCount; i += 1) this.#hits[this.#touched[i] ?? 0] = 0;
    this.#touchedCount = 0;
    run();
  }

  /** What the last input hit: numbers that stand for a counter and a class of frequency. */
  features(): number[] {
    return Array.from(this.#touched.subarray(0, this.#touchedCount), (counter) => this.#featureOf(counter));
  }

  /** The counters that the last input hit, however often. */
  counters(): Set<number> {
    return new Set(this.#touched.subarray(0, this.#touchedCount));
  }

  /** Whether the last input did something that none did before; from now on it is known. */
  takeNews(): boolean {
    let isNews = false;
    for (let i = 0; i < this.#touchedCount; i += 1) {
      const feature = this.#featureOf(this.#touched[i] ?? 0);
      const counter = Math.trunc(feature / CLASSES);
      const bit = 1 << (feature % CLASSES);
      const known = this.#seen[counter] ?? 0;
      if ((known & bit) === 0) {
        this.#seen[counter] = known | bit;
        isNews = true;
      }
    }
    return isNews;
  }

  /** How many counters any input has hit. */
  get reached(): number {
    return this.#seen.reduce((sum, classes) => sum + (classes === 0 ? 0 : 1), 0);
  }

  #featureOf(counter: number): number {
    const frequency = Math.min(CLASSES - 1, Math.trunc(Math.log2(this.#hits[counter] ?? 1)));
    return counter * CLASSES + frequency;
  }

  #count(counter: number): void {
    if (this.#hits[counter] === 0) {
      this.#touched[this.#touchedCount] = counter;
      this.#touchedCount += 1;
    }
    this.#hits[counter] = (this.#hits[counter] ?? 0) + 1;
  }

  #hook(): void {
    const count = (counter: number): void => this.#count(counter);
    const branch = <T>(counter: number, test: T): T => {
      this.#count(test ? counter : counter + 1);
      return test;
    };
    Object.assign(globalThis, { __coverage: { count, branch } });
    nodeModule.registerHooks({
      load: (url, context, nextLoad) => {
        const loaded = nextLoad(url, context);
        if (!isOurs(url) || !(loaded.source instanceof Uint8Array)) return loaded;
        const text = Buffer.from(loaded.source).toString('utf8');
        const { source, words } = instrument(url, text, () => this.#nextCounter++);
        if (this.#nextCounter > COUNTERS) throw new Error('too few counters');
        for (const word of words) this.words.add(word);
        return { ...loaded, source };
      },
    });
  }
}

function isOurs(url: string): boolean {
  return url.startsWith('file:') && fileURLToPath(url).startsWith(`${projectRoot}/src/`);
}
