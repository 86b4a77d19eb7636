import { SourceCursor } from './source-cursor.ts';
import { readString } from './string-literal.ts';
import { type Lexer, PUNCTUATION, type Token, type TokenType } from './token.ts';

const OPERATORS: Readonly<Record<string, TokenType>> = { ...PUNCTUATION, ':': 'COLON' };
const WORDS: Readonly<Record<string, TokenType>> = { true: 'BOOL', false: 'BOOL', null: 'NULL' };

/** Splits JSON into tokens. */
export class JsonLexer implements Lexer {
  readonly #cursor: SourceCursor;

  constructor(text: string) {
    this.#cursor = new SourceCursor(text);
  }

  next(): Token {
    const cursor = this.#cursor;
    cursor.take(/[ \t\r\n]*/y);
    const position = cursor.position;
    const [type, value] = this.#read();
    return { type, value, position };
  }

  #read(): [TokenType, string] {
    const cursor = this.#cursor;
    const word = cursor.take(/[\p{L}_][\p{L}\p{Nd}_-]*/uy);
    if (word !== undefined) {
      const type = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
      return type === undefined ? cursor.fail('illegal char') : [type, word];
    }
    const float = cursor.take(/-?[0-9]+(?:\.[0-9]*(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)/y);
    if (float !== undefined) return ['FLOAT', float];
    const integer = cursor.take(/-?[0-9]+/y);
    if (integer !== undefined) {
      if (/^-?0./.test(integer)) cursor.fail('numbers cannot start with 0');
      return ['NUMBER', integer];
    }
    const character = cursor.next();
    const operator = Object.hasOwn(OPERATORS, character) ? OPERATORS[character] : undefined;
    if (operator !== undefined) return [operator, character];
    if (character === '') return ['EOF', ''];
    if (character === '"') return ['STRING', readString(cursor, 'json')];
    return cursor.fail(`illegal char: ${character}`);
  }
}
