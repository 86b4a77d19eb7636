import type { ConfigPosition } from '../config-error.ts';

/** Kinds of tokens, by the names that error messages print. */
export type TokenType =
  | 'ILLEGAL'
  | 'EOF'
  | 'IDENT'
  | 'NUMBER'
  | 'FLOAT'
  | 'BOOL'
  | 'STRING'
  | 'HEREDOC'
  | 'NULL'
  | 'LBRACK'
  | 'LBRACE'
  | 'COMMA'
  | 'PERIOD'
  | 'COLON'
  | 'RBRACK'
  | 'RBRACE'
  | 'ASSIGN'
  | 'ADD'
  | 'SUB';

/** One token of a configuration text. */
export interface Token {
  readonly type: TokenType;
  /** The meaning of strings and heredocs, the spelling of everything else. */
  readonly value: string;
  readonly position: ConfigPosition;
}

/** Punctuation that HCL and JSON share. */
export const PUNCTUATION: Readonly<Record<string, TokenType>> = {
  '[': 'LBRACK',
  ']': 'RBRACK',
  '{': 'LBRACE',
  '}': 'RBRACE',
  ',': 'COMMA',
};

/** Whatever hands out tokens one by one, `EOF` for ever at the end. */
export interface Lexer {
  next(): Token;
}

/** How messages show a token; secrets may sit in strings, so their text is left out. */
export function describeToken(token: Token): string {
  const { line, column } = token.position;
  const text = token.type === 'STRING' || token.type === 'HEREDOC' ? '' : token.value;
  return `${line}:${column} ${token.type} ${text}`.trimEnd();
}
