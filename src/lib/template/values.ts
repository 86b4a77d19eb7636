import { goQuote } from '../runtime/go-quote.ts';
import { TemplateError } from './template-error.ts';

/** Go's nil. */
export const NIL = null;

/** What pipelines work on. Numbers are integers or floats; what Go calls a struct is a {@link TemplateObject}. */
export type Value = string | number | boolean | typeof NIL | readonly Value[] | Dictionary | TemplateObject;

/** A map of Go with strings as keys. */
export class Dictionary {
  readonly entries: ReadonlyMap<string, Value>;

  constructor(entries: Iterable<readonly [string, Value]>) {
    this.entries = new Map(entries);
  }
}

/** Something with fields; asking for another field is an error. */
export class TemplateObject {
  readonly #fields: ReadonlyMap<string, Value>;
  readonly #text: string | undefined;

  constructor(fields: Readonly<Record<string, Value>>, text?: string) {
    this.#fields = new Map(Object.entries(fields));
    this.#text = text;
  }

  /** What it is printed as. Error: {@link TemplateError} for one that is only there for its fields. */
  get text(): string {
    if (this.#text === undefined) throw new TemplateError('a struct cannot be printed');
    return this.#text;
  }

  /** Undefined if there is no such field. */
  find(name: string): Value | undefined {
    return this.#fields.get(name);
  }
}

/** Whether Go takes the value for true: not if it is zero or empty. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (value instanceof Dictionary) return value.entries.size > 0;
  return value instanceof TemplateObject || Boolean(value);
}

/** The value as Go's `%v` prints it. */
export function print(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === NIL) return '<no value>';
  if (isList(value)) return `[${value.map(print).join(' ')}]`;
  if (value instanceof Dictionary) {
    const members = [...value.entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${key}:${print(item)}`);
    return `map[${members.join(' ')}]`;
  }
  return value instanceof TemplateObject ? value.text : String(value);
}

/** Whether both are the same, lists and maps member by member. */
export function isEqual(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, index) => isEqual(item, b[index] ?? NIL));
  if (a instanceof Dictionary && b instanceof Dictionary) return print(a) === print(b);
  return a === b;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The argument as text. Error: {@link TemplateError} for anything else. */
export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`wrong type for value; expected string; got ${describe(value)}`);
}

/** The argument as an integer. Error: {@link TemplateError} for anything else. */
export function toInteger(value: Value | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new TemplateError(`wrong type for value; expected int; got ${describe(value)}`);
}

/** The argument as a list. Error: {@link TemplateError} for anything else. */
export function toList(value: Value | undefined): readonly Value[] {
  if (value !== undefined && isList(value)) return value;
  throw new TemplateError(`wrong type for value; expected list; got ${describe(value)}`);
}

/** The argument as a map. Error: {@link TemplateError} for anything else. */
export function toDictionary(value: Value | undefined): Dictionary {
  if (value instanceof Dictionary) return value;
  throw new TemplateError(`wrong type for value; expected map; got ${describe(value)}`);
}

/** What kind of value it is, for messages. */
export function describe(value: Value | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === NIL) return 'nil';
  if (isList(value)) return 'list';
  if (value instanceof Dictionary) return 'map';
  if (value instanceof TemplateObject) return 'struct';
  return typeof value === 'string' ? `string ${goQuote(value)}` : typeof value;
}
