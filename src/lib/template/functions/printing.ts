import { goQuote } from '../../runtime/go-quote.ts';
import { TemplateError } from '../template-error.ts';
import { Dictionary, describe, isList, NIL, print, textOf, type Value } from '../values.ts';
import type { EagerFunction } from './function.ts';

/** Widths and precisions beyond this only make the result too long. */
const MAX_WIDTH = 4096;

/** Go's functions that look into values and write them. */
export const printingFunctions: Readonly<Record<string, EagerFunction>> = {
  print: (...values) => printAll(values),
  println: (...values) => `${values.map(print).join(' ')}\n`,
  printf: (format, ...values) => formatAs(textOf(format), values),
  len: (value = NIL) => lengthOf(value),
  index: (value = NIL, ...keys) => keys.reduce(itemOf, value),
  html: (...values) => printAll(values).replace(/[\0"'&<>]/g, (character) => HTML_ESCAPES[character] ?? character),
  urlquery: (...values) =>
    encodeURIComponent(printAll(values).toWellFormed())
      .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
};

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\uFFFD',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

/** As Go's `Sprint`: a space between two values of which neither is a string. */
function printAll(values: readonly Value[]): string {
  return values
    .map((value, index) => {
      const before = values[index - 1];
      const needsSpace = index > 0 && typeof before !== 'string' && typeof value !== 'string';
      return (needsSpace ? ' ' : '') + print(value);
    })
    .join('');
}

/** As Go's `Sprintf`, with the verbs that make sense here. */
function formatAs(format: string, values: readonly Value[]): string {
  let used = 0;
  return format.replace(
    /%([-+# 0]*)(\d*)(?:\.(\d*))?(.?)/gsu,
    (_, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const value = values[used++];
      if (value === undefined) return `%!${verb}(MISSING)`;
      const text = withVerb(verb, value, precision === undefined ? undefined : Number(precision));
      const wanted = Number(width);
      if (wanted > MAX_WIDTH) throw new TemplateError('the result is too long');
      if (flags.includes('-')) return text.padEnd(wanted);
      const isNumber = typeof value === 'number';
      if (!flags.includes('0') || !isNumber) return text.padStart(wanted);
      return text.startsWith('-') ? `-${text.slice(1).padStart(wanted - 1, '0')}` : text.padStart(wanted, '0');
    },
  );
}

function withVerb(verb: string, value: Value, precision: number | undefined): string {
  const cut = (text: string): string => (precision === undefined ? text : [...text].slice(0, precision).join(''));
  switch (verb) {
    case 'v':
      return print(value);
    case 's':
      return typeof value === 'number' || typeof value === 'boolean' ? wrong(verb, value) : cut(print(value));
    case 'q':
      return typeof value === 'string' ? goQuote(cut(value)) : wrong(verb, value);
    case 'd':
      return typeof value === 'number' ? String(value) : wrong(verb, value);
    case 'x':
    case 'X': {
      if (typeof value !== 'number' && typeof value !== 'string') return wrong(verb, value);
      const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(value).toString('hex');
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 't':
      return typeof value === 'boolean' ? String(value) : wrong(verb, value);
    default:
      throw new TemplateError(`printf with %${verb} is not supported`);
  }
}

function wrong(verb: string, value: Value): string {
  return `%!${verb}(${typeof value === 'number' ? 'int' : typeof value}=${print(value)})`;
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (isList(value)) return value.length;
  if (value instanceof Dictionary) return value.entries.size;
  throw new TemplateError(`len of ${describe(value)}`);
}

function itemOf(value: Value, key: Value): Value {
  if (value instanceof Dictionary) return value.entries.get(textOf(key)) ?? '';
  if (!isList(value)) throw new TemplateError(`can't index item of ${describe(value)}`);
  const item = typeof key === 'number' && key >= 0 ? value[key] : undefined;
  if (item === undefined) throw new TemplateError(`index out of range: ${print(key)}`);
  return item;
}
