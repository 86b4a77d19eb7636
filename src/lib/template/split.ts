import { TemplateError } from './template-error.ts';

/** A stretch of text, or the inside of one action (`{{...}}`) without its markers. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly text: string };

const COMMENT = /^\/\*[\s\S]*?\*\/$/;

/** Splits a template at its actions; trims the text beside `{{-` and `-}}`; leaves comments out. Error: {@link TemplateError}. */
export function split(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimsLeft = false;
  const addText = (text: string, trimsRight: boolean): void => {
    const left = trimsLeft ? text.replace(/^[ \t\r\n]+/, '') : text;
    const trimmed = trimsRight ? left.replace(/[ \t\r\n]+$/, '') : left;
    if (trimmed !== '') pieces.push({ kind: 'text', text: trimmed });
  };
  for (;;) {
    const open = source.indexOf('{{', at);
    if (open === -1) break;
    const trimsBefore = /^-[ \t\r\n]/.test(source.slice(open + 2, open + 4));
    addText(source.slice(at, open), trimsBefore);
    const start = open + 2 + (trimsBefore ? 2 : 0);
    const close = findEnd(source, start);
    const trimsAfter = /[ \t\r\n]-$/.test(source.slice(start, close));
    const inside = source.slice(start, trimsAfter ? close - 1 : close);
    if (!COMMENT.test(inside.trim())) pieces.push({ kind: 'action', text: inside });
    trimsLeft = trimsAfter;
    at = close + 2;
  }
  addText(source.slice(at), false);
  return pieces;
}

/** Where the action ends: at the first `}}` that is in no string and no comment. */
function findEnd(source: string, start: number): number {
  const comment = /[ \t\r\n]*\/\*/y;
  comment.lastIndex = start;
  if (comment.test(source)) {
    const end = source.indexOf('*/', comment.lastIndex);
    const rest = /[ \t\r\n]*-?\}\}/y;
    rest.lastIndex = end + 2;
    if (end === -1 || !rest.test(source)) throw new TemplateError('unclosed comment');
    return rest.lastIndex - 2;
  }
  const strings = /"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`|'(?:[^'\\\n]|\\[^\n])*'|\}\}/g;
  strings.lastIndex = start;
  for (let match = strings.exec(source); match !== null; match = strings.exec(source)) {
    if (match[0] === '}}') return match.index;
  }
  throw new TemplateError('unclosed action');
}
