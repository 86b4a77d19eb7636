import type { SourceCursor } from './source-cursor.ts';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** Base and number of digits behind the letter of an escape. */
const NUMERIC_ESCAPES: Readonly<Record<string, { base: 16; digits: number; isByte: boolean }>> = {
  x: { base: 16, digits: 2, isByte: true },
  u: { base: 16, digits: 4, isByte: false },
  U: { base: 16, digits: 8, isByte: false },
};

/**
 * Reads a string whose opening quote was just read, up to and with the closing one.
 *
 * In HCL `${...}` is taken as it stands: braces are counted, quotes and line ends within do not end the string, and
 * escapes stay unread. JSON knows no such thing, but has `\/`.
 */
export function readString(cursor: SourceCursor, syntax: 'hcl' | 'json'): string {
  const text = new TextCollector();
  let braces = 0;
  for (;;) {
    const character = cursor.next();
    if (character === '' || (character === '\n' && braces === 0)) cursor.fail('literal not terminated');
    if (character === '"' && braces === 0) return text.finish();
    if (syntax === 'hcl' && braces === 0 && character === '$' && cursor.peek() === '{') {
      text.add(character + cursor.next());
      braces = 1;
    } else if (character === '\\') {
      const spelling = new TextCollector();
      readEscape(cursor, syntax, braces === 0 ? text : spelling, (part) => {
        if (braces > 0) text.add(part);
      });
    } else {
      if (braces > 0 && character === '{') braces += 1;
      if (braces > 0 && character === '}') braces -= 1;
      text.add(character);
    }
  }
}

/** Reads what follows a backslash into `meaning`; `spell` gets the source text, backslash included. */
function readEscape(
  cursor: SourceCursor,
  syntax: 'hcl' | 'json',
  meaning: TextCollector,
  spell: (source: string) => void,
): void {
  const letter = cursor.next();
  spell(`\\${letter}`);
  const short = syntax === 'json' && letter === '/' ? '/' : lookUp(SHORT_ESCAPES, letter);
  if (short !== undefined) {
    meaning.add(short);
    return;
  }
  const octal = /^[0-7]$/.test(letter);
  const numeric = octal ? { base: 8, digits: 2, isByte: true } : lookUp(NUMERIC_ESCAPES, letter);
  if (numeric === undefined) cursor.fail('illegal char escape');
  let digits = octal ? letter : '';
  for (let left = numeric.digits; left > 0; left -= 1) {
    const digit = cursor.next();
    if (!(octal ? /^[0-7]$/ : /^[0-9a-fA-F]$/).test(digit)) cursor.fail('illegal char escape');
    digits += digit;
    spell(digit);
  }
  const value = Number.parseInt(digits, numeric.base);
  if (numeric.isByte ? value > 0xff : value > 0x10ffff) cursor.fail('illegal char escape');
  if (numeric.isByte) meaning.addByte(value);
  else meaning.add(String.fromCodePoint(value));
}

/** A text made of characters and of single bytes, which `\x` and octal escapes mean. */
class TextCollector {
  #text = '';
  #bytes: number[] = [];

  add(part: string): void {
    this.#flush();
    this.#text += part;
  }

  addByte(value: number): void {
    this.#bytes.push(value);
  }

  finish(): string {
    this.#flush();
    return this.#text.toWellFormed();
  }

  #flush(): void {
    if (this.#bytes.length === 0) return;
    this.#text += new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(this.#bytes));
    this.#bytes = [];
  }
}

function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
