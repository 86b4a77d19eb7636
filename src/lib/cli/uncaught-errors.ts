import type { Logger } from '../runtime/logger.ts';

/** The innermost calls of a stack are enough to find the place. */
const MOST_FRAMES = 8;

/**
 * Until disposed, an error that nobody caught is logged in these words and ends the process with 1. Node would print the
 * line of the program and all fields of the error, whatever is in them; here it is the message and where it happened.
 */
export function endOnUncaughtError(log: Logger, words: readonly string[]): Disposable {
  const end = (error: unknown): void => {
    for (const line of words) log.error(line, { error: describeUncaught(error), stack: placeOf(error) });
    process.exit(1);
  };
  process.on('uncaughtException', end);
  return { [Symbol.dispose]: () => void process.off('uncaughtException', end) };
}

/** What may be said of a value that was thrown and not caught. */
export function describeUncaught(error: unknown): string {
  if (!(error instanceof Error)) return `a value of type ${typeof error} was thrown`;
  // A parser quotes what it could not read, which may be a secret.
  return error instanceof SyntaxError ? error.name : `${error.name}: ${error.message}`;
}

/** Functions and lines of the program, innermost first; empty if unknown. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, MOST_FRAMES)
    .map((line) => line.trim())
    .join(', ');
}
