import { ConfigError, type ConfigPosition } from '../config-error.ts';
import { type HclItem, type HclKey, type HclList, type HclNode, type HclObject, MAX_DEPTH } from './ast.ts';
import { flattenJson } from './flatten-json.ts';
import { JsonLexer } from './json-lexer.ts';
import { syntaxError } from './source-cursor.ts';
import type { Token } from './token.ts';

/** What became of a JSON text. */
export interface ParsedJson {
  readonly root: HclObject;
  /** Where the text stopped being JSON; from here on it was not understood as it was meant. Undefined for good JSON. */
  readonly brokenAt: ConfigPosition | undefined;
}

/**
 * Parses JSON into the same tree as HCL: nested objects become keys with labels, as HCL's JSON reader does it.
 *
 * Accepts what that reader accepts, because files that SPIRE starts with must start here too: trailing commas, missing
 * closing braces (the object ends where no comma follows), booleans in lists (left out). `brokenAt` tells of it.
 *
 * @throws {ConfigError} code `invalid-config` with line and column
 */
export function parseJson(text: string): ParsedJson {
  return new JsonParser(text).parseDocument();
}

class JsonParser {
  readonly #lexer: JsonLexer;
  #token: Token;
  #depth = 0;
  #brokenAt: ConfigPosition | undefined;

  constructor(text: string) {
    this.#lexer = new JsonLexer(text);
    this.#token = this.#lexer.next();
  }

  parseDocument(): ParsedJson {
    if (this.#token.type !== 'LBRACE') {
      throw syntaxError(`expected object, got: ${this.#token.type}`, this.#token.position);
    }
    const root = this.#parseObject();
    this.#checkEnd();
    return { root: flattenJson(root), brokenAt: this.#brokenAt };
  }

  /** Whatever follows the root is passed over, even what is no token. */
  #checkEnd(): void {
    try {
      if (this.#scan().type !== 'EOF') this.#markBroken();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.#brokenAt ??= error.position;
    }
  }

  #scan(): Token {
    this.#token = this.#lexer.next();
    return this.#token;
  }

  #markBroken(): void {
    this.#brokenAt ??= this.#token.position;
  }

  /** The current token is `{`; afterwards it is the last token of the object. */
  #parseObject(): HclObject {
    const { position } = this.#enter();
    const items: HclItem[] = [];
    for (;;) {
      const key = this.#parseKey();
      if (key === undefined) break;
      const value = this.#parseValue();
      if (value === undefined) break;
      items.push({ keys: [key], value });
      const { type } = this.#scan();
      if (type === 'COMMA') continue;
      if (type !== 'RBRACE') this.#markBroken();
      break;
    }
    this.#depth -= 1;
    return { kind: 'object', items, position };
  }

  /** Reads up to the colon; undefined at the end of the object or of the text. */
  #parseKey(): HclKey | undefined {
    const { type, value, position } = this.#scan();
    if (type === 'RBRACE') return undefined;
    if (type === 'STRING') {
      const next = this.#scan().type;
      if (next === 'COLON') return { name: value, isBare: true, position };
      if (next !== 'RBRACE' && next !== 'EOF') {
        throw syntaxError(`expected: COLON got: ${next}`, this.#token.position);
      }
    } else if (type !== 'EOF') throw syntaxError(`expected: STRING got: ${type}`, position);
    this.#markBroken();
    return undefined;
  }

  #parseValue(): HclNode | undefined {
    const { type, value, position } = this.#scan();
    switch (type) {
      case 'NUMBER':
        return { kind: 'literal', type: 'number', value, position };
      case 'FLOAT':
        return { kind: 'literal', type: 'float', value, position };
      case 'BOOL':
        return { kind: 'literal', type: 'bool', value, position };
      case 'STRING':
        return { kind: 'literal', type: 'string', value, position };
      case 'NULL':
        return { kind: 'literal', type: 'string', value: '', position };
      case 'LBRACE':
        return this.#parseObject();
      case 'LBRACK':
        return this.#parseList();
      case 'EOF':
        this.#markBroken();
        return undefined;
      default:
        throw syntaxError(`Expected object value, got unknown token: ${type}`, position);
    }
  }

  /** The current token is `[`; afterwards it is the closing bracket. */
  #parseList(): HclList {
    const { position } = this.#enter();
    const items: HclNode[] = [];
    for (;;) {
      const { type, value, position: at } = this.#scan();
      switch (type) {
        case 'NUMBER':
          items.push({ kind: 'literal', type: 'number', value, position: at });
          break;
        case 'FLOAT':
          items.push({ kind: 'literal', type: 'float', value, position: at });
          break;
        case 'STRING':
          items.push({ kind: 'literal', type: 'string', value, position: at });
          break;
        case 'LBRACE':
          items.push(this.#parseObject());
          break;
        case 'COMMA':
          break;
        // HCL's reader knows neither booleans nor lists within lists: it passes over the former and opens no level
        // for the latter.
        case 'BOOL':
        case 'LBRACK':
          this.#markBroken();
          break;
        case 'RBRACK':
          this.#depth -= 1;
          return { kind: 'list', items, position };
        default:
          throw syntaxError(`unexpected token while parsing list: ${type}`, at);
      }
    }
  }

  #enter(): Token {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw syntaxError(`nested deeper than ${MAX_DEPTH} levels`, this.#token.position);
    return this.#token;
  }
}
