import type { SourceCursor } from './source-cursor.ts';

/**
 * Reads a heredoc whose first `<` was just read: `<<WORD` or `<<-WORD`, lines, and a line that holds the word alone.
 * The value keeps the line end of its last line. With `-` the indentation of the closing word is taken from every line,
 * if every line has it.
 */
export function readHeredoc(cursor: SourceCursor): string {
  if (cursor.next() !== '<') cursor.fail("heredoc expected second '<', didn't see it");
  const isIndented = cursor.peek() === '-';
  if (isIndented) cursor.next();
  const word = cursor.take(/[\p{L}\p{Nd}_]*/uy) ?? '';
  const lineEnd = cursor.next();
  if (lineEnd === '') cursor.fail('heredoc not terminated');
  if (lineEnd !== '\n') cursor.fail('invalid characters in heredoc anchor');
  if (word === '') cursor.fail('zero-length heredoc anchor');

  const lines: string[] = [];
  // HCL's own parser counts the `-` too, so it never sees a closing word without indentation; files agree on that.
  const shortestEnd = word.length + (isIndented ? 1 : 0);
  for (;;) {
    const line = cursor.take(/[^\n]*/y) ?? '';
    if (cursor.next() === '') cursor.fail('heredoc not terminated');
    const [indentation = ''] = /^[ \t\f\v\r]*/.exec(line) ?? [];
    const isClosing = withoutReturns(line.slice(indentation.length)) === word;
    if (isClosing && line.length >= shortestEnd) return finishHeredoc(lines, indentation, isIndented);
    lines.push(line);
  }
}

/** A text without the carriage returns at its end, in time that grows with its length only. */
function withoutReturns(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\r') end -= 1;
  return text.slice(0, end);
}

function finishHeredoc(lines: readonly string[], indentation: string, isIndented: boolean): string {
  const text = lines.map((line) => `${line}\n`).join('');
  if (!isIndented) return text + indentation;
  if (!lines.every((line) => line.startsWith(indentation))) return text;
  return lines.map((line) => `${line.slice(indentation.length)}\n`).join('');
}
