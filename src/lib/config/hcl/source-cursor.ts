import { ConfigError, type ConfigPosition } from '../config-error.ts';

/** A reading position within a text that knows its line and column. */
export class SourceCursor {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #column = 1;
  #last: ConfigPosition = { line: 1, column: 1 };

  constructor(text: string) {
    this.#text = text;
  }

  /** Where the next character is. */
  get position(): ConfigPosition {
    return { line: this.#line, column: this.#column };
  }

  /** Where the character that was read last is; errors within a token point here, as HCL's do. */
  get lastPosition(): ConfigPosition {
    return this.#last;
  }

  /** The character so many UTF-16 units ahead, which is right for ASCII; empty at the end. */
  peek(ahead = 0): string {
    return this.#text.charAt(this.#offset + ahead);
  }

  /** Reads one character (a whole code point); empty at the end. */
  next(): string {
    this.#last = this.position;
    const code = this.#text.codePointAt(this.#offset);
    if (code === undefined) return '';
    const character = String.fromCodePoint(code);
    this.#offset += character.length;
    if (character === '\n') {
      this.#line += 1;
      this.#column = 1;
    } else this.#column += 1;
    if (character === '\0') this.fail('unexpected null character (0x00)');
    return character;
  }

  /** Reads what the sticky expression matches here; undefined, and nothing read, if it does not. */
  take(expression: RegExp): string | undefined {
    expression.lastIndex = this.#offset;
    const found = expression.exec(this.#text)?.[0];
    if (found === undefined) return undefined;
    const end = this.#offset + found.length;
    while (this.#offset < end) this.next();
    return found;
  }

  /** @throws {ConfigError} code `invalid-config`, worded `At line:column: message` */
  fail(message: string, position: ConfigPosition = this.#last): never {
    throw syntaxError(message, position);
  }
}

/** An error at a place in the text, worded as HCL words its own. */
export function syntaxError(message: string, position: ConfigPosition): ConfigError {
  return new ConfigError(`At ${position.line}:${position.column}: ${message}`, { position });
}
