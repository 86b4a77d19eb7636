import { posix } from 'node:path';
import { goQuote } from '../../runtime/go-quote.ts';
import { TemplateError } from '../template-error.ts';
import { isList, NIL, print, textOf, toInteger, type Value } from '../values.ts';
import type { EagerFunction } from './function.ts';

/** Longer texts come of no path. */
const MAX_TEXT = 64 * 1024;

const trimStart = (text: string, characters: string): string => {
  let start = 0;
  while (start < text.length && characters.includes(text[start] ?? '')) start++;
  return text.slice(start);
};
const trimEnd = (text: string, characters: string): string => {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? '')) end--;
  return text.slice(0, end);
};

/** Functions of sprig on texts. The text itself comes last, so that it can be piped in. */
export const textFunctions: Readonly<Record<string, EagerFunction>> = {
  abbrev: (width, text) => abbreviate(textOf(text), toInteger(width)),
  trunc: (length, text) => truncate(textOf(text), toInteger(length)),
  trim: (text) => textOf(text).trim(),
  upper: (text) => textOf(text).toUpperCase(),
  lower: (text) => textOf(text).toLowerCase(),
  title: (text) => textOf(text).replace(/(?<![\p{L}\p{N}_])\p{L}/gu, (letter) => letter.toUpperCase()),
  untitle: (text) => textOf(text).replace(/(?<!\S)\S/gu, (letter) => letter.toLowerCase()),
  substr: (start, end, text) => substring(textOf(text), toInteger(start), toInteger(end)),
  repeat: (count, text) => repeat(textOf(text), toInteger(count)),
  trimAll: (characters, text) => trimEnd(trimStart(textOf(text), textOf(characters)), textOf(characters)),
  trimSuffix: (suffix, text) => {
    const [end, whole] = [textOf(suffix), textOf(text)];
    return end !== '' && whole.endsWith(end) ? whole.slice(0, -end.length) : whole;
  },
  trimPrefix: (prefix, text) => {
    const [start, whole] = [textOf(prefix), textOf(text)];
    return whole.startsWith(start) ? whole.slice(start.length) : whole;
  },
  nospace: (text) => textOf(text).replace(/\s+/gu, ''),
  initials: (text) =>
    textOf(text)
      .split(/\s+/u)
      .map((word) => [...word][0] ?? '')
      .join(''),
  swapcase: (text) =>
    [...textOf(text)]
      .map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()))
      .join(''),
  contains: (part, text) => textOf(text).includes(textOf(part)),
  hasPrefix: (prefix, text) => textOf(text).startsWith(textOf(prefix)),
  hasSuffix: (suffix, text) => textOf(text).endsWith(textOf(suffix)),
  quote: (...values) =>
    present(values)
      .map((value) => goQuote(print(value)))
      .join(' '),
  squote: (...values) =>
    present(values)
      .map((value) => `'${print(value)}'`)
      .join(' '),
  cat: (...values) => present(values).map(print).join(' '),
  indent: (spaces, text) => indent(textOf(text), toInteger(spaces)),
  nindent: (spaces, text) => `\n${indent(textOf(text), toInteger(spaces))}`,
  replace: (old, replacement, text) => bounded(textOf(text).replaceAll(textOf(old), () => textOf(replacement))),
  plural: (one, many, count) => (toInteger(count) === 1 ? textOf(one) : textOf(many)),
  toString: (value: Value = NIL) => print(value),
  splitList: (separator, text) => textOf(text).split(textOf(separator)),
  join: (separator, value = NIL) =>
    bounded((isList(value) ? present(value) : [value]).map(print).join(textOf(separator))),
  base: (path) => (textOf(path) === '' ? '.' : posix.basename(textOf(path)) || '/'),
  dir: (path) => cleanPath(textOf(path).replace(/[^/]*$/, '')),
  clean: (path) => cleanPath(textOf(path)),
  ext: (path) => /\.[^./]*$/.exec(textOf(path))?.[0] ?? '',
  isAbs: (path) => textOf(path).startsWith('/'),
  fail: (message) => {
    throw new TemplateError(textOf(message));
  },
};

function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}

function present(values: readonly Value[]): Value[] {
  return values.filter((value) => value !== NIL);
}

function abbreviate(text: string, width: number): string {
  if (width < 4 || text.length <= width) return text;
  return `${text.slice(0, width - 3)}...`;
}

/** A negative length counts from the end. */
function truncate(text: string, length: number): string {
  if (length >= 0) return text.slice(0, length);
  return text.length + length > 0 ? text.slice(text.length + length) : text;
}

function substring(text: string, start: number, end: number): string {
  if (start < 0) return text.slice(0, Math.max(0, end));
  return end < 0 || end > text.length ? text.slice(start) : text.slice(start, end);
}

function repeat(text: string, count: number): string {
  if (count * text.length > MAX_TEXT) throw new TemplateError('the result is too long');
  return text.repeat(Math.max(0, count));
}

function indent(text: string, spaces: number): string {
  const lines = text.split('\n');
  if (lines.length * spaces > MAX_TEXT) throw new TemplateError('the result is too long');
  const margin = ' '.repeat(Math.max(0, spaces));
  return lines.map((line) => margin + line).join('\n');
}

function bounded(text: string): string {
  if (text.length > MAX_TEXT) throw new TemplateError('the result is too long');
  return text;
}
