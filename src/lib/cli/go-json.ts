import { isAscii } from 'node:buffer';
import { SpirekitError } from '../runtime/errors.ts';

/**
 * A JSON value as it was written: numbers keep their digits, so that 64-bit integers lose nothing, and objects keep
 * repeated members in their order.
 */
export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'number'; readonly literal: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] };

/** One `"name": value` of a JSON object. */
type JsonMember = readonly [name: string, value: JsonNode];

/** Arrays and objects within one another beyond this depth are refused; Go's limit is 10000. */
export const MAX_JSON_DEPTH = 1000;

/**
 * Reads JSON (RFC 8259) and refuses what Go's `encoding/json` refuses, in its words: scripts know texts such as
 * `unexpected end of JSON input`. Bytes that are no UTF-8 become U+FFFD, as in Go.
 *
 * @throws SpirekitError `invalid-encoding`
 */
export function parseGoJson(bytes: Uint8Array): JsonNode {
  return new JsonParser(bytes).document();
}

/** Takes a long list out of a document while it is read, so that its items need not be there all at once. */
export interface ListSink {
  /** A list begins. */
  readonly begin: () => void;
  readonly item: (node: JsonNode) => void;
  /** A value that is no list. */
  readonly other: (node: JsonNode) => void;
}

/**
 * As {@link parseGoJson}, but the members of the outermost object for which there is a sink go there, in the order of the
 * text, and are missing in what is returned. What comes after them may still be refused.
 *
 * @throws SpirekitError `invalid-encoding`
 */
export function parseGoJsonLists(bytes: Uint8Array, findSink: (memberName: string) => ListSink | undefined): JsonNode {
  return new JsonParser(bytes, findSink).document();
}

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPED = new Set(Buffer.from('bfnrt\\/"'));

class JsonParser {
  readonly #bytes: Buffer;
  /** All of it as text where a byte is a character: cutting that is faster than decoding string by string. */
  readonly #ascii: string | undefined;
  #at = 0;
  #depth = 0;

  readonly #findSink: ((memberName: string) => ListSink | undefined) | undefined;

  constructor(bytes: Uint8Array, findSink?: (memberName: string) => ListSink | undefined) {
    this.#findSink = findSink;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#ascii = isAscii(this.#bytes) ? this.#bytes.toString('latin1') : undefined;
  }

  document(): JsonNode {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#invalid('after top-level value');
    return value;
  }

  #value(): JsonNode {
    this.#skipSpace();
    const byte = this.#bytes[this.#at];
    switch (byte) {
      case 0x7b:
        return this.#object();
      case 0x5b:
        return this.#array();
      case QUOTE:
        return { kind: 'string', value: this.#string() };
      case 0x74:
        return this.#literal('true', { kind: 'bool', value: true });
      case 0x66:
        return this.#literal('false', { kind: 'bool', value: false });
      case 0x6e:
        return this.#literal('null', { kind: 'null' });
    }
    if (byte === 0x2d || isDigit(byte)) return { kind: 'number', literal: this.#number() };
    throw this.#unexpected('looking for beginning of value');
  }

  #object(): JsonNode {
    this.#enter();
    const members: JsonMember[] = [];
    if (!this.#takes('}')) {
      do {
        this.#skipSpace();
        if (this.#bytes[this.#at] !== QUOTE) throw this.#unexpected('looking for beginning of object key string');
        const name = this.#string();
        if (!this.#takes(':')) throw this.#unexpected('after object key');
        const sink = this.#depth === 1 ? this.#findSink?.(name) : undefined;
        if (sink === undefined) members.push([name, this.#value()]);
        else this.#valueInto(sink);
      } while (this.#takes(','));
      if (!this.#takes('}')) throw this.#unexpected('after object key:value pair');
    }
    this.#depth -= 1;
    return { kind: 'object', members };
  }

  #array(): JsonNode {
    const items: JsonNode[] = [];
    this.#items((item) => items.push(item));
    return { kind: 'array', items };
  }

  #items(take: (item: JsonNode) => void): void {
    this.#enter();
    if (!this.#takes(']')) {
      do take(this.#value());
      while (this.#takes(','));
      if (!this.#takes(']')) throw this.#unexpected('after array element');
    }
    this.#depth -= 1;
  }

  #valueInto(sink: ListSink): void {
    this.#skipSpace();
    if (this.#bytes[this.#at] === 0x5b) {
      sink.begin();
      this.#items(sink.item);
    } else sink.other(this.#value());
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > MAX_JSON_DEPTH) throw this.#invalid('exceeded max depth');
    this.#at += 1;
  }

  /** From the quote at the current place to behind the closing one. */
  #string(): string {
    const start = this.#at;
    let isEscaped = false;
    for (this.#at += 1; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at] ?? 0;
      if (byte === QUOTE) {
        this.#at += 1;
        const end = this.#at - 1;
        const text = this.#ascii?.slice(start + 1, end) ?? this.#bytes.toString('utf8', start + 1, end);
        return isEscaped ? replaceEscapes(text) : text;
      }
      if (byte < SPACE) throw this.#invalid('in string literal');
      if (byte === BACKSLASH) {
        isEscaped = true;
        this.#escape();
      }
    }
    throw endOfInput();
  }

  /** Checks an escape and stops on its last byte. */
  #escape(): void {
    this.#at += 1;
    const byte = this.#bytes[this.#at] ?? SPACE;
    if (byte === 0x75) {
      for (let digits = 0; digits < 4; digits += 1) {
        this.#at += 1;
        if (!isHex(this.#bytes[this.#at])) throw this.#invalid('in \\u hexadecimal character escape');
      }
    } else if (!ESCAPED.has(byte)) throw this.#invalid('in string escape code');
  }

  #number(): string {
    const start = this.#at;
    if (this.#bytes[this.#at] === 0x2d) this.#at += 1;
    if (this.#bytes[this.#at] === 0x30) this.#at += 1;
    else this.#digits('in numeric literal');
    if (this.#bytes[this.#at] === 0x2e) {
      this.#at += 1;
      this.#digits('after decimal point in numeric literal');
    }
    const exponent = this.#bytes[this.#at];
    if (exponent === 0x65 || exponent === 0x45) {
      this.#at += 1;
      const sign = this.#bytes[this.#at];
      if (sign === 0x2b || sign === 0x2d) this.#at += 1;
      this.#digits('in exponent of numeric literal');
    }
    return this.#bytes.toString('latin1', start, this.#at);
  }

  #digits(context: string): void {
    if (!isDigit(this.#bytes[this.#at])) throw this.#invalid(context);
    while (isDigit(this.#bytes[this.#at])) this.#at += 1;
  }

  #literal(word: string, node: JsonNode): JsonNode {
    for (const letter of word) {
      if (this.#bytes[this.#at] !== letter.charCodeAt(0)) {
        throw this.#invalid(`in literal ${word} (expecting '${letter}')`);
      }
      this.#at += 1;
    }
    return node;
  }

  #skipSpace(): void {
    while (isSpace(this.#bytes[this.#at])) this.#at += 1;
  }

  #takes(punctuation: string): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== punctuation.charCodeAt(0)) return false;
    this.#at += 1;
    return true;
  }

  /** Something else stands where space would have been allowed. */
  #unexpected(context: string): SpirekitError {
    return this.#at < this.#bytes.length ? this.#invalid(context) : endOfInput();
  }

  /** Go closes the input with a space and complains about that one, if it stands within a token. */
  #invalid(context: string): SpirekitError {
    const byte = this.#bytes[this.#at] ?? SPACE;
    return new SpirekitError('invalid-encoding', `invalid character ${quoteByte(byte)} ${context}`);
  }
}

function endOfInput(): SpirekitError {
  return new SpirekitError('invalid-encoding', 'unexpected end of JSON input');
}

/** The escapes were checked before, so `JSON.parse` cannot fail; halves of surrogate pairs become U+FFFD. */
function replaceEscapes(text: string): string {
  return String(JSON.parse(`"${text}"`)).toWellFormed();
}

/** A byte in single quotes, read as Latin-1: what Go prints of an unexpected byte. */
function quoteByte(byte: number): string {
  const named = NAMED_BYTES.get(byte);
  if (named !== undefined) return `'${named}'`;
  const hex = byte.toString(16).padStart(2, '0');
  if (byte < SPACE || byte === 0x7f) return `'\\x${hex}'`;
  if ((byte > 0x7f && byte <= 0xa0) || byte === 0xad) return `'\\u00${hex}'`;
  return `'${String.fromCharCode(byte)}'`;
}

const NAMED_BYTES: ReadonlyMap<number, string> = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x27, "\\'"],
  [BACKSLASH, '\\\\'],
]);

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
