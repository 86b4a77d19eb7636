import { CryptoError } from './crypto-error.ts';

/** A JSON value as it was written: numbers keep their text, objects remember whether a name came twice. */
export type JsonValue = null | boolean | string | JsonNumber | JsonObject | readonly JsonValue[];

/** A number's text: 64-bit integers do not fit a JavaScript number. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The nearest double. */
  toNumber(): number {
    return Number(this.text);
  }

  /** The value, if it was written as an integer: no fraction, no exponent, no minus before zero. */
  findInteger(): bigint | undefined {
    return /^-?\d+$/.test(this.text) && this.text !== '-0' ? BigInt(this.text) : undefined;
  }
}

/** An object; of members with one name the last counts. */
export class JsonObject {
  readonly members: ReadonlyMap<string, JsonValue>;
  readonly hasDuplicates: boolean;

  constructor(members: ReadonlyMap<string, JsonValue>, hasDuplicates: boolean) {
    this.members = members;
    this.hasDuplicates = hasDuplicates;
  }

  /** Undefined if there is no such member. */
  get(name: string): JsonValue | undefined {
    return this.members.get(name);
  }
}

/** A value as JSON.parse would give it, but for objects, which have no prototype. */
export type PlainJson = null | boolean | string | number | { [name: string]: PlainJson } | PlainJson[];

/** Arrays and objects within each other; more than any document of ours has, less than the stack holds. */
const MAX_DEPTH = 1000;

/**
 * Parses one JSON text (RFC 8259). Bytes must be UTF-8 without a byte order mark. Half a surrogate pair in an escape
 * becomes U+FFFD, as in Go.
 *
 * @throws CryptoError `invalid-encoding`
 */
export function parseJson(source: Uint8Array | string): JsonValue {
  const parser = new JsonParser(typeof source === 'string' ? source : decodeUtf8(source));
  return parser.parseDocument();
}

/**
 * Turns a value into plain JavaScript.
 *
 * @throws CryptoError `invalid-encoding` if an object has a name twice (two readers could see two values) or a number is
 *   larger than any double
 */
export function toPlainJson(value: JsonValue): PlainJson {
  if (value instanceof JsonNumber) {
    const number = value.toNumber();
    if (!Number.isFinite(number)) throw new CryptoError('invalid-encoding', 'JSON number out of range');
    return number;
  }
  if (value instanceof JsonObject) {
    if (value.hasDuplicates) throw new CryptoError('invalid-encoding', 'JSON object has a name twice');
    const plain: { [name: string]: PlainJson } = Object.create(null);
    for (const [name, member] of value.members) plain[name] = toPlainJson(member);
    return plain;
  }
  if (value === null || typeof value !== 'object') return value;
  return value.map(toPlainJson);
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS: ReadonlyMap<string, null | boolean> = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
]);

class JsonParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parseDocument(): JsonValue {
    this.#skipSpace();
    const value = this.#parseValue(0);
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw this.#malformed('text after the value');
    return value;
  }

  #parseValue(depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw this.#malformed('nested too deep');
    switch (this.#text[this.#at]) {
      case '{':
        return this.#parseObject(depth);
      case '[':
        return this.#parseArray(depth);
      case '"':
        return this.#parseString();
      default:
        return this.#parseScalar();
    }
  }

  #parseObject(depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    let hasDuplicates = false;
    this.#at++;
    if (this.#take('}')) return new JsonObject(members, false);
    do {
      this.#skipSpace();
      const name = this.#parseString();
      if (!this.#take(':')) throw this.#malformed('expected a colon');
      this.#skipSpace();
      const value = this.#parseValue(depth + 1);
      hasDuplicates ||= members.has(name);
      members.set(name, value);
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#malformed('object has no end');
    return new JsonObject(members, hasDuplicates);
  }

  #parseArray(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#take(']')) return items;
    do {
      this.#skipSpace();
      items.push(this.#parseValue(depth + 1));
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#malformed('array has no end');
    return items;
  }

  #parseString(): string {
    const text = this.#text;
    const start = this.#at;
    let hasEscapes = false;
    if (text[start] !== '"') throw this.#malformed('expected a string');
    // A loop and not a pattern: patterns with alternatives run out of stack on long strings.
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        return hasEscapes ? this.#unescape(text.slice(start, at + 1)) : text.slice(start + 1, at);
      }
      if (code < 0x20) break;
      if (code === 0x5c) {
        hasEscapes = true;
        at++;
      }
    }
    throw this.#malformed('string has no end');
  }

  #unescape(quoted: string): string {
    try {
      const text: unknown = JSON.parse(quoted);
      return String(text).toWellFormed();
    } catch {
      throw this.#malformed('unknown escape');
    }
  }

  #parseScalar(): JsonValue {
    const number = this.#match(NUMBER);
    if (number !== undefined) return new JsonNumber(number);
    for (const [text, value] of LITERALS) {
      if (!this.#text.startsWith(text, this.#at)) continue;
      this.#at += text.length;
      return value;
    }
    throw this.#malformed('expected a value');
  }

  /** Skips space, then the character if it is next. */
  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    if (match !== undefined) this.#at += match.length;
    return match;
  }

  #malformed(what: string): CryptoError {
    return new CryptoError('invalid-encoding', `malformed JSON at offset ${this.#at}: ${what}`);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CryptoError('invalid-encoding', 'malformed JSON: not UTF-8', { cause });
  }
}
