import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BoundedLines } from '../../../../src/lib/catalog/external/bounded-lines.ts';

function linesOf(chunks: readonly Uint8Array[], limit: number): string[] {
  const found: string[] = [];
  const lines = new BoundedLines(limit, (line) => found.push(line));
  for (const chunk of chunks) lines.push(chunk);
  lines.end();
  return found;
}

test('cuts a stream into lines, however it comes in pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 20 })), fc.array(fc.nat(50)), (texts, cuts) => {
      const wanted = texts.map((text) => text.replace(/[\r\n]/g, ''));
      const bytes = Buffer.from(wanted.map((text) => `${text}\n`).join(''));
      const chunks: Uint8Array[] = [];
      let rest = bytes;
      for (const cut of cuts) {
        chunks.push(rest.subarray(0, cut));
        rest = rest.subarray(cut);
      }
      expect(linesOf([...chunks, rest], 1_000)).toEqual(wanted);
    }),
  );
});

test('keeps no more of a line than the limit', () => {
  expect(linesOf([Buffer.from('abcdef'), Buffer.from('ghi\nxy\r\nz')], 4)).toEqual(['abcd', 'xy', 'z']);
});
