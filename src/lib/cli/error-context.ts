import { prefixed } from '../runtime/errors.ts';
import type { Program } from './programs.ts';

/** Runs a step; its failure gets words before its message and keeps its code. */
export function within<T>(words: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw prefixed(words, error);
  }
}

/** As {@link within}, for a step that is under way. */
export async function awaitWithin<T>(words: string, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw prefixed(words, error);
  }
}

/** As {@link within}, for what comes bit by bit. */
export async function* pagesWithin<T>(words: string, pages: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  try {
    yield* pages;
  } catch (error) {
    throw prefixed(words, error);
  }
}

/** As {@link within}, but only on the umbrella: what the drop-ins print is given. */
export function withinOnUmbrella<T>(program: Program, words: string, step: () => T): T {
  return program === 'spirekit' ? within(words, step) : step();
}
