import { readHeredoc } from './heredoc.ts';
import { SourceCursor } from './source-cursor.ts';
import { readString } from './string-literal.ts';
import { type Lexer, PUNCTUATION, type Token, type TokenType } from './token.ts';

const OPERATORS: Readonly<Record<string, TokenType>> = { ...PUNCTUATION, '=': 'ASSIGN', '+': 'ADD' };

/** Splits HCL 1 into tokens; white space and comments are left out. Line ends are `\n`. */
export class HclLexer implements Lexer {
  readonly #cursor: SourceCursor;

  constructor(text: string) {
    this.#cursor = new SourceCursor(text);
  }

  next(): Token {
    this.#skipBlanks();
    const position = this.#cursor.position;
    const [type, value] = this.#read();
    return { type, value, position };
  }

  #skipBlanks(): void {
    const cursor = this.#cursor;
    for (;;) {
      cursor.take(/[ \t\r\n]*/y);
      if (cursor.peek() === '#' || (cursor.peek() === '/' && cursor.peek(1) === '/')) {
        cursor.take(/[^\n]*/y);
      } else if (cursor.peek() === '/') {
        cursor.next();
        if (cursor.peek() !== '*') cursor.fail("expected '/' for comment");
        if (cursor.take(/\*.*?\*\//sy) !== undefined) continue;
        cursor.take(/.*/sy);
        cursor.next();
        cursor.fail('comment not terminated');
      } else return;
    }
  }

  #read(): [TokenType, string] {
    const cursor = this.#cursor;
    const word = cursor.take(/[\p{L}_][\p{L}\p{Nd}_.-]*/uy);
    if (word !== undefined) return [word === 'true' || word === 'false' ? 'BOOL' : 'IDENT', word];
    const number = this.#readNumber();
    if (number !== undefined) return number;
    const character = cursor.next();
    const operator = Object.hasOwn(OPERATORS, character) ? OPERATORS[character] : undefined;
    if (operator !== undefined) return [operator, character];
    switch (character) {
      case '':
        return ['EOF', ''];
      case '"':
        return ['STRING', readString(cursor, 'hcl')];
      case '<':
        return ['HEREDOC', readHeredoc(cursor)];
      case '.':
        return ['PERIOD', character];
      case '-':
        return ['SUB', character];
      default:
        return cursor.fail('illegal char');
    }
  }

  #readNumber(): [TokenType, string] | undefined {
    const cursor = this.#cursor;
    const hexadecimal = cursor.take(/-?0[xX][0-9a-fA-F]*/y);
    if (hexadecimal !== undefined) {
      if (/[xX]$/.test(hexadecimal)) cursor.fail('illegal hexadecimal number', cursor.position);
      return ['NUMBER', hexadecimal];
    }
    const float = cursor.take(/(?:-?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?[0-9]+[eE][+-]?[0-9]+/y);
    if (float !== undefined) return ['FLOAT', float];
    const integer = cursor.take(/-?[0-9]+/y);
    if (integer === undefined) return undefined;
    if (/^-?0[0-9][0-9]*[89]/.test(integer)) cursor.fail('illegal octal number', cursor.position);
    return ['NUMBER', integer];
  }
}
