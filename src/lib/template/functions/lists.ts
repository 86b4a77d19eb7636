import { TemplateError } from '../template-error.ts';
import { isEqual, isList, isTrue, NIL, print, toInteger, toList, type Value } from '../values.ts';
import type { EagerFunction } from './function.ts';

const unique = (list: readonly Value[]): Value[] =>
  list.filter((item, index) => list.findIndex((other) => isEqual(item, other)) === index);

/** Those that exist twice in sprig, once under a name that tells errors from values; here both tell. */
const plain: Readonly<Record<string, EagerFunction>> = {
  first: (list) => toList(list)[0] ?? NIL,
  last: (list) => toList(list).at(-1) ?? NIL,
  rest: (list) => toList(list).slice(1),
  initial: (list) => toList(list).slice(0, -1),
  append: (list, item = NIL) => [...toList(list), item],
  push: (list, item = NIL) => [...toList(list), item],
  prepend: (list, item = NIL) => [item, ...toList(list)],
  reverse: (list) => toList(list).toReversed(),
  uniq: (list) => unique(toList(list)),
  compact: (list) => toList(list).filter(isTrue),
  without: (list, ...items) => toList(list).filter((item) => !items.some((other) => isEqual(item, other))),
  slice: (list, ...bounds) => sliceOf(toList(list), bounds),
  has: (item = NIL, list) => list !== NIL && toList(list).some((other) => isEqual(item, other)),
};

function sliceOf(list: readonly Value[], bounds: readonly Value[]): readonly Value[] {
  const [start = 0, end = list.length] = bounds.map(toInteger);
  if (!(0 <= start && start <= end && end <= list.length)) throw new TemplateError('slice bounds out of range');
  return list.slice(start, end);
}

const must = Object.entries(plain).map(([name, call]) => [`must${name.charAt(0).toUpperCase()}${name.slice(1)}`, call]);

/** Functions of sprig on lists, and those that choose among values. */
export const listFunctions: Readonly<Record<string, EagerFunction>> = {
  ...plain,
  ...Object.fromEntries(must),
  list: (...items) => [...items],
  tuple: (...items) => [...items],
  concat: (...lists) => lists.flatMap((list) => [...toList(list)]),
  sortAlpha: (list = NIL) => (isList(list) ? list.map(print).sort() : [print(list)]),
  toStrings: (list = NIL) => (isList(list) ? list.map(print) : [print(list)]),
  default: (fallback = NIL, given = NIL) => (isTrue(given) ? given : fallback),
  empty: (value = NIL) => !isTrue(value),
  coalesce: (...values) => values.find(isTrue) ?? NIL,
  all: (...values) => values.every(isTrue),
  any: (...values) => values.some(isTrue),
  ternary: (yes = NIL, no = NIL, condition = NIL) => (condition === true ? yes : no),
};
