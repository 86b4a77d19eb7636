import type { Command, Node, Operand, Pipe } from './ast.ts';
import { type Piece, split } from './split.ts';
import { TemplateError } from './template-error.ts';
import { type Token, tokenize } from './tokens.ts';
import { NIL } from './values.ts';

/** Blocks and parentheses within each other. */
const MAX_DEPTH = 100;

/** The end of a list of nodes: what ended it. */
type End =
  | { readonly kind: 'eof' | 'end' | 'else' }
  | { readonly kind: 'else-if' | 'else-with'; readonly tokens: readonly Token[] };

/**
 * Parses a template of Go's `text/template`, of which named templates (`define`, `block`, `template`) are left out.
 *
 * @param knows whether there is a function of that name
 * @throws TemplateError
 */
export function parseTemplate(source: string, knows: (functionName: string) => boolean): readonly Node[] {
  const parser = new TemplateParser(split(source), knows);
  return parser.parse();
}

class TemplateParser {
  readonly #pieces: readonly Piece[];
  readonly #knows: (functionName: string) => boolean;
  #at = 0;
  #depth = 0;
  #rangeDepth = 0;
  /** Names of the variables in scope. */
  #variables: string[] = ['$'];

  constructor(pieces: readonly Piece[], knows: (functionName: string) => boolean) {
    this.#pieces = pieces;
    this.#knows = knows;
  }

  parse(): readonly Node[] {
    const { nodes, end } = this.#list();
    if (end.kind !== 'eof') throw new TemplateError(`unexpected {{${end.kind.replace('-', ' ')}}}`);
    return nodes;
  }

  /** Reads until what ends the list. */
  #list(): { readonly nodes: readonly Node[]; readonly end: End } {
    if (++this.#depth > MAX_DEPTH) throw new TemplateError('too many blocks within each other');
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces[this.#at++];
      if (piece === undefined || piece.kind === 'action') {
        const end = piece === undefined ? ({ kind: 'eof' } as const) : this.#action(piece.text, nodes);
        if (end === undefined) continue;
        this.#depth--;
        return { nodes, end };
      }
      nodes.push(piece);
    }
  }

  /** Adds what the action is, or says what it ends. */
  #action(text: string, nodes: Node[]): End | undefined {
    const tokens = trimSpace(tokenize(text));
    const [first, ...rest] = tokens;
    const word = first?.kind === 'word' ? first.text : '';
    const behind = trimSpace(rest);
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        nodes.push(this.#block(word, behind));
        return undefined;
      case 'break':
      case 'continue':
        checkAlone(word, behind);
        if (this.#rangeDepth === 0) throw new TemplateError(`{{${word}}} outside {{range}}`);
        nodes.push({ kind: word });
        return undefined;
      case 'end':
        checkAlone(word, behind);
        return { kind: 'end' };
      case 'else': {
        const [next, ...condition] = behind;
        if (next === undefined) return { kind: 'else' };
        const kind = next.kind === 'word' ? next.text : '';
        if (kind !== 'if' && kind !== 'with') throw new TemplateError('unexpected token in else');
        return { kind: `else-${kind}`, tokens: trimSpace(condition) };
      }
      case 'define':
      case 'block':
      case 'template':
        throw new TemplateError(`{{${word}}} is not supported`);
      default:
        nodes.push({ kind: 'action', pipe: this.#pipe(tokens, 'command') });
        return undefined;
    }
  }

  #block(kind: 'if' | 'with' | 'range', tokens: readonly Token[]): Node {
    const scope = this.#variables.length;
    const pipe = this.#pipe(tokens, kind);
    if (kind === 'range') this.#rangeDepth++;
    const { nodes: then, end } = this.#list();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = this.#otherwise(kind, end);
    this.#variables.length = scope;
    return { kind, pipe, then, otherwise };
  }

  #otherwise(kind: 'if' | 'with' | 'range', end: End): readonly Node[] {
    switch (end.kind) {
      case 'end':
        return [];
      case 'else': {
        const { nodes, end: last } = this.#list();
        if (last.kind !== 'end') throw new TemplateError(`expected end; found {{${last.kind}}}`);
        return nodes;
      }
      case 'else-if':
      case 'else-with': {
        const chained = end.kind === 'else-if' ? 'if' : 'with';
        if (chained !== kind) throw new TemplateError(`unexpected {{else ${chained}}} in {{${kind}}}`);
        return [this.#block(chained, end.tokens)];
      }
      case 'eof':
        throw new TemplateError('unexpected EOF');
    }
  }

  #pipe(tokens: readonly Token[], context: string): Pipe {
    const { variables, isDeclaration, rest } = readVariables(tokens);
    if (variables.length > (context === 'range' ? 2 : 1))
      throw new TemplateError(`too many declarations in ${context}`);
    const parts = splitAt(rest, '|').map(trimSpace);
    // A bar at the end says nothing, as in Go.
    if (parts.length > 1 && parts.at(-1)?.length === 0) parts.pop();
    const commands = parts.map((part) => this.#command(part, context));
    const [, ...later] = commands;
    for (const [operand] of later) {
      if (operand?.kind === 'literal') throw new TemplateError('non executable command in pipeline');
    }
    if (isDeclaration) this.#variables.push(...variables);
    return { variables, isDeclaration, commands };
  }

  #command(tokens: readonly Token[], context: string): Command {
    if (tokens.length === 0) throw new TemplateError(`missing value for ${context}`);
    const operands: Operand[] = [];
    const cursor = new Cursor(tokens);
    for (;;) {
      operands.push(this.#operand(cursor, context));
      if (cursor.isAtEnd) return operands;
      if (cursor.take().kind !== 'space') throw new TemplateError('unexpected token in operand');
    }
  }

  #operand(cursor: Cursor, context: string): Operand {
    const token = cursor.take();
    switch (token.kind) {
      case 'field':
        return { kind: 'field', names: [...(token.text === '.' ? [] : [token.text.slice(1)]), ...cursor.fields()] };
      case 'variable':
        this.#checkVariable(token.text);
        return { kind: 'variable', name: token.text, names: cursor.fields() };
      case 'string':
        return { kind: 'literal', value: token.text };
      case 'number':
        return { kind: 'literal', value: Number(token.text) };
      case 'word':
        return this.#word(token.text);
      case '(': {
        if (++this.#depth > MAX_DEPTH) throw new TemplateError('too many parentheses within each other');
        const pipe = this.#pipe(trimSpace(cursor.group()), 'parenthesized pipeline');
        this.#depth--;
        return { kind: 'group', pipe, names: cursor.fields() };
      }
      case 'space':
      case '|':
      case ')':
      case ':=':
      case '=':
      case ',':
        throw new TemplateError(`unexpected ${JSON.stringify(token.kind)} in ${context}`);
    }
  }

  #word(name: string): Operand {
    if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
    if (name === 'nil') return { kind: 'literal', value: NIL };
    if (!this.#knows(name)) throw new TemplateError(`function ${JSON.stringify(name)} not defined`);
    return { kind: 'function', name };
  }

  #checkVariable(name: string): void {
    if (!this.#variables.includes(name)) throw new TemplateError(`undefined variable ${JSON.stringify(name)}`);
  }
}

/** Reads tokens one by one. */
class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  take(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new TemplateError('unexpected end of action');
    return token;
  }

  /** The names of fields that follow at once. */
  fields(): string[] {
    const names: string[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind !== 'field') return names;
      if (token.text === '.') throw new TemplateError('unexpected . after term');
      names.push(token.text.slice(1));
      this.#at++;
    }
  }

  /** What stands before the parenthesis that closes the one just taken. */
  group(): Token[] {
    const inside: Token[] = [];
    for (let depth = 1; ; ) {
      const token = this.#tokens[this.#at++];
      if (token === undefined) throw new TemplateError('unclosed left paren');
      if (token.kind === '(') depth++;
      if (token.kind === ')' && --depth === 0) return inside;
      inside.push(token);
    }
  }
}

function readVariables(tokens: readonly Token[]): {
  readonly variables: readonly string[];
  readonly isDeclaration: boolean;
  readonly rest: readonly Token[];
} {
  const at = tokens.findIndex(({ kind }) => kind === ':=' || kind === '=');
  if (at === -1) return { variables: [], isDeclaration: false, rest: tokens };
  const isDeclaration = tokens[at]?.kind === ':=';
  const variables = splitAt(tokens.slice(0, at), ',').map((part) => {
    const [variable, ...others] = trimSpace(part);
    if (variable?.kind !== 'variable' || others.length > 0) throw new TemplateError('unexpected assignment');
    return variable.text;
  });
  return { variables, isDeclaration, rest: tokens.slice(at + 1) };
}

/** Splits at separators that are in no parentheses. */
function splitAt(tokens: readonly Token[], separator: '|' | ','): Token[][] {
  const parts: Token[][] = [];
  let part: Token[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === '(') depth++;
    if (token.kind === ')') depth--;
    if (token.kind === separator && depth === 0) {
      parts.push(part);
      part = [];
    } else {
      part.push(token);
    }
  }
  return [...parts, part];
}

function trimSpace(tokens: readonly Token[]): readonly Token[] {
  const start = tokens[0]?.kind === 'space' ? 1 : 0;
  const end = tokens.at(-1)?.kind === 'space' ? -1 : undefined;
  return tokens.slice(start, end);
}

function checkAlone(word: string, behind: readonly Token[]): void {
  if (behind.length > 0) throw new TemplateError(`unexpected token in ${word}`);
}
