import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonSource } from '../../../src/lib/desiredentries/json-source.ts';
import { SourceFile } from '../../../src/lib/desiredentries/source-file.ts';
import type { SourceNode } from '../../../src/lib/desiredentries/source-node.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

const parse = (text: string): SourceNode => parseJsonSource(new SourceFile('f', text)).node;

describe('parseJsonSource', () => {
  it('reads what JSON.stringify writes, and knows where each value stands', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        const { node, end } = parseJsonSource(new SourceFile('f', text));
        expect(plain(node)).toEqual(JSON.parse(text));
        expect(end).toBe(text.length);
        const opening = { string: '"', list: '[', map: '{' } as const;
        const misplaced = [...all(node)].filter(
          ({ kind, at }) => kind in opening && text[at] !== opening[kind as 'map'],
        );
        expect(misplaced).toEqual([]);
      }),
    );
  });

  it('refuses any other text with its place, and takes none that JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '0.5e3',
      'true',
      'nul',
      ' ',
      '\\',
      '\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            const { node, end } = parseJsonSource(new SourceFile('f', text));
            expect(plain(node)).toEqual(JSON.parse(text.slice(0, end)));
          } catch (error) {
            expect(error).toBeInstanceOf(SpirekitError);
            expect(error).toMatchObject({ code: 'invalid-encoding', message: expect.stringMatching(/^f:\d+:\d+: /) });
          }
        },
      ),
    );
  });

  it.each([
    ['{"a": 1,\n "a": 2}', 'f:2:2: "a" stands here twice'],
    ['{"a" 1}', 'f:1:6: "1" where a colon is expected'],
    ['[1, ]', 'f:1:5: "]" where a value is expected'],
    ['[1 2]', 'f:1:4: "2" where a comma or ] is expected'],
    ['"a\nb"', 'f:1:3: a control character within a text'],
    ['"\\x"', 'f:1:1: a text with an escape that JSON does not know'],
    ['"abc', 'f:1:1: a text without its closing quote'],
    ['[', 'f:1:2: the text ends where a value is expected'],
    [`[${'1'.repeat(100)}]`, 'f:1:2: a number with too many digits'],
    ['['.repeat(100), 'f:1:33: more than 32 levels of lists and maps'],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ message }));
  });

  it('keeps all digits of whole numbers', () => {
    expect(parse('9223372036854775807')).toEqual({ kind: 'integer', at: 0, value: 9223372036854775807n });
  });
});

function plain(node: SourceNode): unknown {
  switch (node.kind) {
    case 'null':
      return null;
    case 'integer':
      return node.value === 0n ? expect.closeTo(0) : Number(node.value);
    case 'boolean':
    case 'number':
    case 'string':
      return node.value;
    case 'list':
      return node.items.map(plain);
    case 'map':
      return Object.fromEntries([...node.fields].map(([name, field]) => [name, plain(field.node)]));
  }
}

function* all(node: SourceNode): Generator<SourceNode> {
  yield node;
  if (node.kind === 'list') for (const item of node.items) yield* all(item);
  if (node.kind === 'map') for (const { node: value } of node.fields.values()) yield* all(value);
}
