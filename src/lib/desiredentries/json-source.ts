import type { SpirekitError } from '../runtime/errors.ts';
import type { SourceFile } from './source-file.ts';
import type { SourceField, SourceNode } from './source-node.ts';

/** Deeper than any entry; what nests further is meant to hurt. */
const MOST_LEVELS = 32;

/**
 * Reads JSON (RFC 8259) from a position on, with the place of every value. Unlike `JSON.parse` it keeps all digits of
 * whole numbers and refuses a name that stands twice in a map, of which one would silently be lost.
 *
 * @returns the value, and where the text goes on behind it
 * @throws SpirekitError `invalid-encoding` with file, line and column
 */
export function parseJsonSource(source: SourceFile, start = 0): { readonly node: SourceNode; readonly end: number } {
  const reader = new JsonReader(source, start);
  const node = reader.value(0);
  return { node, end: reader.at };
}

/** Where the next character that is no blank of JSON stands; the length of the text if there is none. */
export function skipBlanks(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

class JsonReader {
  readonly #source: SourceFile;
  readonly #text: string;
  at: number;

  constructor(source: SourceFile, start: number) {
    this.#source = source;
    this.#text = source.text;
    this.at = start;
  }

  value(level: number): SourceNode {
    this.at = skipBlanks(this.#text, this.at);
    const at = this.at;
    switch (this.#text[at]) {
      case '{':
        return this.#map(at, level);
      case '[':
        return this.#list(at, level);
      case '"':
        return { kind: 'string', at, value: this.#string() };
      case 't':
        return this.#word('true', { kind: 'boolean', at, value: true });
      case 'f':
        return this.#word('false', { kind: 'boolean', at, value: false });
      case 'n':
        return this.#word('null', { kind: 'null', at });
      default:
        return this.#number(at);
    }
  }

  #map(at: number, level: number): SourceNode {
    this.#descend(level);
    const fields = new Map<string, SourceField>();
    this.#items('}', () => {
      const nameAt = this.at;
      if (this.#text[nameAt] !== '"') throw this.#unexpected('a name in quotes');
      const name = this.#string();
      if (fields.has(name)) throw this.#error(nameAt, `${JSON.stringify(name)} stands here twice`);
      this.at = skipBlanks(this.#text, this.at);
      if (this.#text[this.at] !== ':') throw this.#unexpected('a colon');
      this.at += 1;
      fields.set(name, { at: nameAt, node: this.value(level + 1) });
    });
    return { kind: 'map', at, fields };
  }

  #list(at: number, level: number): SourceNode {
    this.#descend(level);
    const items: SourceNode[] = [];
    this.#items(']', () => items.push(this.value(level + 1)));
    return { kind: 'list', at, items };
  }

  /** What stands between a bracket, at which it is, and its counterpart. */
  #items(closing: string, readItem: () => void): void {
    this.at = skipBlanks(this.#text, this.at + 1);
    if (this.#text[this.at] === closing) {
      this.at += 1;
      return;
    }
    for (;;) {
      readItem();
      this.at = skipBlanks(this.#text, this.at);
      const next = this.#text[this.at];
      if (next !== ',' && next !== closing) throw this.#unexpected(`a comma or ${closing}`);
      this.at += 1;
      if (next === closing) return;
      this.at = skipBlanks(this.#text, this.at);
    }
  }

  #string(): string {
    const start = this.at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(start, end)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) throw this.#error(start, 'a text without its closing quote');
    this.at = end + 1;
    const inner = this.#text.slice(start + 1, end);
    const control = /[\u0000-\u001f]/.exec(inner);
    if (control !== null) throw this.#error(start + 1 + control.index, 'a control character within a text');
    if (!inner.includes('\\')) return inner;
    try {
      return String(JSON.parse(this.#text.slice(start, this.at)));
    } catch (cause) {
      throw this.#error(start, 'a text with an escape that JSON does not know', { cause });
    }
  }

  #isEscaped(start: number, quote: number): boolean {
    let slash = quote - 1;
    while (slash > start && this.#text[slash] === '\\') slash -= 1;
    return (quote - 1 - slash) % 2 === 1;
  }

  #word(word: string, node: SourceNode): SourceNode {
    if (!this.#text.startsWith(word, this.at)) throw this.#unexpected('a value');
    this.at += word.length;
    return node;
  }

  #number(at: number): SourceNode {
    NUMBER.lastIndex = at;
    const [digits] = NUMBER.exec(this.#text) ?? [];
    if (digits === undefined) throw this.#unexpected('a value');
    if (digits.length > LONGEST_NUMBER) throw this.#error(at, 'a number with too many digits');
    this.at += digits.length;
    if (/[.eE]/.test(digits)) return { kind: 'number', at, value: Number(digits) };
    return { kind: 'integer', at, value: BigInt(digits) };
  }

  #descend(level: number): void {
    if (level >= MOST_LEVELS) throw this.#error(this.at, `more than ${MOST_LEVELS} levels of lists and maps`);
  }

  #unexpected(wanted: string): SpirekitError {
    if (this.at >= this.#text.length) return this.#error(this.at, `the text ends where ${wanted} is expected`);
    return this.#error(this.at, `${JSON.stringify(this.#text[this.at])} where ${wanted} is expected`);
  }

  #error(at: number, reason: string, options?: ErrorOptions): SpirekitError {
    return this.#source.error('invalid-encoding', at, reason, options);
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** BigInt takes long for very long ones. */
const LONGEST_NUMBER = 64;
