/** What Go's `strconv.IsPrint` lets through: letters, marks, numbers, punctuation, symbols and the ASCII space. */
function isPrintable(character: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character);
}

/** Printable ASCII but for the quote and the backslash: nothing to escape, and no large character classes to load. */
const PLAIN = /^[ !#-[\]-~]*$/;

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['"', '\\"'],
  ['\\', '\\\\'],
]);

/** A double-quoted string on one line, as Go's `%q` prints it. Half a surrogate pair becomes U+FFFD. */
export function goQuote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  let quoted = '"';
  for (const character of text.toWellFormed()) {
    quoted += SHORT_ESCAPES.get(character) ?? (isPrintable(character) ? character : escapeCodePoint(character));
  }
  return `${quoted}"`;
}

function escapeCodePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0xfffd;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}
