import { codecFunctions } from './codecs.ts';
import { comparisonFunctions } from './comparisons.ts';
import { dictionaryFunctions } from './dictionaries.ts';
import type { EagerFunction, TemplateFunction } from './function.ts';
import { listFunctions } from './lists.ts';
import { logicFunctions } from './logic.ts';
import { printingFunctions } from './printing.ts';
import { textFunctions } from './texts.ts';

function eager(functions: Readonly<Record<string, EagerFunction>>): [string, TemplateFunction][] {
  return Object.entries(functions).map(([name, call]) => [name, (args) => call(...args.map((arg) => arg()))]);
}

/** Those of Go's `text/template` and of sprig which templates of paths may use here. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...Object.entries(logicFunctions),
  ...eager(comparisonFunctions),
  ...eager(printingFunctions),
  ...eager(textFunctions),
  ...eager(codecFunctions),
  ...eager(listFunctions),
  ...eager(dictionaryFunctions),
]);

/** Functions that SPIRE's templates have beside; a template that uses one is understood, but not run. */
export const OTHER_FUNCTIONS: ReadonlySet<string> = new Set([
  ...['js', 'call', 'abbrevboth', 'snakecase', 'camelcase', 'kebabcase', 'wrap', 'wrapWith', 'seq', 'set', 'unset'],
  ...['merge', 'mergeOverwrite', 'mustMerge', 'mustMergeOverwrite', 'dig', 'chunk', 'mustChunk', 'uuidv4'],
  ...['regexMatch', 'mustRegexMatch', 'regexFindAll', 'mustRegexFindAll', 'regexFind', 'mustRegexFind'],
  ...['regexReplaceAll', 'mustRegexReplaceAll', 'regexReplaceAllLiteral', 'mustRegexReplaceAllLiteral'],
  ...['regexSplit', 'mustRegexSplit', 'regexQuoteMeta', 'urlParse', 'urlJoin'],
]);
