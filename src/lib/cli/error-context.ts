import { prefixed } from './failure.ts';

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
