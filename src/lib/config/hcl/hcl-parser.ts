import { type HclItem, type HclKey, type HclList, type HclNode, type HclObject, MAX_DEPTH } from './ast.ts';
import { HclLexer } from './hcl-lexer.ts';
import { syntaxError } from './source-cursor.ts';
import { describeToken, type Token, type TokenType } from './token.ts';

/** Token types that stand for a value by themselves. */
const LITERALS = {
  NUMBER: 'number',
  FLOAT: 'float',
  BOOL: 'bool',
  STRING: 'string',
  HEREDOC: 'heredoc',
} as const satisfies Partial<Record<TokenType, string>>;

/**
 * Parses HCL 1.
 *
 * Repeated keys are kept. A comma may stand between items. A key whose value is missing because the text ends there is
 * ignored at the top level, as HCL's own parser does.
 *
 * @throws {ConfigError} code `invalid-config` with line and column; messages are those of HCL's own parser
 */
export function parseHcl(text: string): HclObject {
  return new HclParser(text.replaceAll('\r\n', '\n')).parseDocument();
}

class HclParser {
  readonly #lexer: HclLexer;
  #token: Token;
  #depth = 0;

  constructor(text: string) {
    this.#lexer = new HclLexer(text);
    this.#token = this.#lexer.next();
  }

  parseDocument(): HclObject {
    const position = this.#token.position;
    return { kind: 'object', items: this.#parseItems(false), position };
  }

  /** Moves on and returns the token that was current. */
  #take(): Token {
    const token = this.#token;
    this.#token = this.#lexer.next();
    return token;
  }

  #parseItems(isInBraces: boolean): HclItem[] {
    const items: HclItem[] = [];
    while (!(isInBraces && this.#token.type === 'RBRACE')) {
      const item = this.#parseItem();
      if (item === undefined) break;
      items.push(item);
      if (this.#token.type === 'COMMA') this.#take();
    }
    return items;
  }

  /** Undefined at the end of the text. */
  #parseItem(): HclItem | undefined {
    const keys = this.#parseKeys();
    if (keys === undefined) return undefined;
    const token = this.#token;
    if (token.type === 'LBRACE') return { keys, value: this.#parseObject() };
    if (token.type !== 'ASSIGN') {
      const names = keys.map((key) => (key.isBare ? key.name : JSON.stringify(key.name))).join(' ');
      throw syntaxError(`key '${names}' expected start of object ('{') or assignment ('=')`, token.position);
    }
    this.#take();
    const value = this.#parseValue();
    return value === undefined ? undefined : { keys, value };
  }

  /** Reads up to `=` or `{`; undefined if there is nothing but the end of the text. */
  #parseKeys(): HclKey[] | undefined {
    const keys: HclKey[] = [];
    for (;;) {
      const { type, value, position } = this.#token;
      switch (type) {
        case 'IDENT':
        case 'STRING':
          keys.push({ name: value, isBare: type === 'IDENT', position });
          this.#take();
          continue;
        case 'EOF':
          return keys.length === 0 ? undefined : keys;
        case 'ASSIGN':
          if (keys.length > 1) throw syntaxError('nested object expected: LBRACE got: ASSIGN', position);
          if (keys.length === 0) throw syntaxError('no object keys found!', position);
          return keys;
        case 'LBRACE':
          if (keys.length === 0) throw syntaxError('expected: IDENT | STRING got: LBRACE', position);
          return keys;
        case 'RBRACE':
          if (keys.length > 0) return keys;
          break;
        default:
          break;
      }
      throw syntaxError(`expected: IDENT | STRING | ASSIGN | LBRACE got: ${type}`, position);
    }
  }

  /** Undefined at the end of the text. */
  #parseValue(): HclNode | undefined {
    const token = this.#token;
    const literal = this.#parseLiteral();
    if (literal !== undefined) return literal;
    if (token.type === 'LBRACE') return this.#parseObject();
    if (token.type === 'LBRACK') return this.#parseList();
    if (token.type === 'EOF') return undefined;
    throw syntaxError(`Unknown token: ${describeToken(token)}`, token.position);
  }

  #parseLiteral(): HclNode | undefined {
    const { type, value, position } = this.#token;
    if (!isLiteral(type)) return undefined;
    this.#take();
    return { kind: 'literal', type: LITERALS[type], value, position };
  }

  #parseObject(): HclObject {
    const { position } = this.#enter();
    const items = this.#parseItems(true);
    if (this.#token.type !== 'RBRACE') {
      throw syntaxError(`object expected closing RBRACE got: ${this.#token.type}`, this.#token.position);
    }
    this.#leave();
    return { kind: 'object', items, position };
  }

  #parseList(): HclList {
    const { position } = this.#enter();
    const items: HclNode[] = [];
    let needsComma = false;
    while (this.#token.type !== 'RBRACK') {
      const token = this.#token;
      if (token.type === 'COMMA') {
        this.#take();
        needsComma = false;
        continue;
      }
      if (needsComma) {
        throw syntaxError(`error parsing list, expected comma or list end, got: ${token.type}`, token.position);
      }
      const isNestedList = token.type === 'LBRACK';
      const item = this.#parseLiteral() ?? this.#parseNested(token);
      items.push(item);
      // HCL's parser asks for no comma behind a list.
      needsComma = !isNestedList;
    }
    this.#leave();
    return { kind: 'list', items, position };
  }

  #parseNested(token: Token): HclNode {
    if (token.type === 'LBRACE') return this.#parseObject();
    if (token.type === 'LBRACK') return this.#parseList();
    throw syntaxError(`unexpected token while parsing list: ${token.type}`, token.position);
  }

  #enter(): Token {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw syntaxError(`nested deeper than ${MAX_DEPTH} levels`, this.#token.position);
    return this.#take();
  }

  #leave(): void {
    this.#depth -= 1;
    this.#take();
  }
}

function isLiteral(type: TokenType): type is keyof typeof LITERALS {
  return Object.hasOwn(LITERALS, type);
}
