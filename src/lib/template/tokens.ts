import { TemplateError } from './template-error.ts';

/** What an action is made of. */
export type Token =
  | { readonly kind: 'field' | 'variable' | 'word' | 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'space' | '|' | '(' | ')' | ':=' | '=' | ',' };

const SPACE = /[ \t\r\n]+/y;
const FIELD = /\.(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy;
const VARIABLE = /\$(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy;
const WORD = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const NUMBER = /[+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\p{L}\p{Nd}_.])/uy;
const FRACTION = /\.\d+(?![\p{L}\p{Nd}_.])/uy;
const RAW_STRING = /`[^`]*`/y;
const QUOTED_STRING = /"(?:[^"\\\n]|\\[^\n])*"/y;
const CHARACTER = /'(?:[^'\\\n]|\\[^\n]+?)'/uy;

/** Splits the inside of an action. Error: {@link TemplateError}. */
export function tokenize(action: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(action)?.[0];
    if (match !== undefined) at += match.length;
    return match;
  };
  while (at < action.length) {
    const token = next(action[at] ?? '', action[at + 1] ?? '', take);
    if (token === undefined) throw new TemplateError(`unexpected ${JSON.stringify(action[at])} in command`);
    if (token.kind === ':=') at += 2;
    else if (token.kind !== 'space' && !('text' in token)) at += 1;
    tokens.push(token);
  }
  return tokens;
}

function next(character: string, following: string, take: (pattern: RegExp) => string | undefined): Token | undefined {
  switch (character) {
    case '|':
    case '(':
    case ')':
    case '=':
    case ',':
      return { kind: character };
    case ':':
      return following === '=' ? { kind: ':=' } : undefined;
    case '.':
      return textToken('number', take(FRACTION)) ?? textToken('field', take(FIELD));
    case '$':
      return textToken('variable', take(VARIABLE));
    case '`':
      return stringToken(take(RAW_STRING)?.slice(1, -1));
    case '"':
      return stringToken(unquote(take(QUOTED_STRING)));
    case "'": {
      const text = unquote(take(CHARACTER)?.replaceAll('"', '\\"'));
      return text === undefined ? undefined : { kind: 'number', text: String(text.codePointAt(0) ?? 0) };
    }
    default:
      if (take(SPACE) !== undefined) return { kind: 'space' };
      return textToken('number', take(NUMBER)) ?? textToken('word', take(WORD));
  }
}

function textToken(kind: 'field' | 'variable' | 'word' | 'number', text: string | undefined): Token | undefined {
  return text === undefined ? undefined : { kind, text };
}

function stringToken(text: string | undefined): Token | undefined {
  if (text === undefined) throw new TemplateError('unterminated string');
  return { kind: 'string', text };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** The text between Go's quotes. Escaped octets above 127 are read as the character of that number. */
function unquote(literal: string | undefined): string | undefined {
  return literal
    ?.slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gsu,
      (_, x?: string, u?: string, long?: string, octal?: string, single?: string) => {
        const plain = single === undefined ? undefined : ESCAPES[single];
        if (plain !== undefined) return plain;
        const hex = x ?? u ?? long;
        const code = hex === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hex, 16);
        if (!(code <= 0x10ffff)) throw new TemplateError('malformed string');
        return String.fromCodePoint(code);
      },
    );
}
