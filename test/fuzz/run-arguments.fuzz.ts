import { parseRunArguments } from '../../src/lib/why/run-arguments.ts';

/** Any command line is read; what it names is a word of it, or the end of one. */
export function target(bytes: Uint8Array): void {
  const words = Buffer.from(bytes).toString('utf8').split('\0');
  const found = parseRunArguments(words);
  if ((found === undefined) === words.includes('run')) throw new Error('the word run was seen or overlooked');
  for (const value of [found?.config ?? '', found?.dataDir ?? '']) {
    if (!words.some((word) => word.endsWith(value))) throw new Error('a value that is not on the command line');
  }
}
