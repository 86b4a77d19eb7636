import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HclItem, HclNode, HclObject } from '../../../../src/lib/config/hcl/ast.ts';
import { formatHcl } from '../../../../src/lib/config/hcl/format.ts';
import { parseHcl } from '../../../../src/lib/config/hcl/hcl-parser.ts';

const require = createRequire(import.meta.url);
/** HashiCorp's own parser and decoder, compiled to JavaScript. */
const reference: { parse(text: string): [unknown, null] | [null, unknown] } = require('hcl-parser');

function parseError(text: string): { message: string; position: unknown; code: unknown } {
  try {
    parseHcl(text);
  } catch (error) {
    if (error instanceof Error && 'position' in error && 'code' in error) {
      return { message: error.message, position: error.position, code: error.code };
    }
    throw error;
  }
  throw new Error(`parsed: ${text}`);
}

/** A tree as HCL's decoder turns it into plain values: every block is in a list. */
function plain(items: readonly HclItem[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { keys, value } of items) {
    const [first, ...rest] = keys;
    if (first === undefined) throw new Error('an item without keys');
    const inner: HclNode =
      rest.length === 0
        ? value
        : wrap(
            rest.map(({ name }) => name),
            value,
          );
    const next = plainNode(inner);
    const before = values[first.name];
    values[first.name] =
      Array.isArray(before) && inner.kind === 'object' && Array.isArray(next) ? [...before, ...next] : next;
  }
  return values;
}

function wrap(names: readonly string[], value: HclNode): HclNode {
  const position = { line: 1, column: 1 };
  return names.reduceRight<HclNode>(
    (inner, name) => ({
      kind: 'object',
      position,
      items: [{ keys: [{ name, isBare: false, position }], value: inner }],
    }),
    value,
  );
}

function plainNode(node: HclNode): unknown {
  switch (node.kind) {
    case 'literal':
      if (node.type === 'bool') return node.value === 'true';
      return node.type === 'number' || node.type === 'float' ? Number(node.value) : node.value;
    case 'list':
      return node.items.map((item) => (item.kind === 'object' ? plain(item.items) : plainNode(item)));
    case 'object':
      return [plain(node.items)];
  }
}

const position = { line: 1, column: 1 };
const name = fc.oneof(fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,6}$/), fc.string({ maxLength: 4 }));
const literal = fc.oneof(
  fc
    .string({ unit: 'grapheme', maxLength: 8 })
    .map((value) => ({ kind: 'literal', type: 'string', value, position }) as const),
  fc.integer().map((value) => ({ kind: 'literal', type: 'number', value: String(value), position }) as const),
  fc.boolean().map((value) => ({ kind: 'literal', type: 'bool', value: String(value), position }) as const),
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.nat(99))
    .map(([whole, part]) => ({ kind: 'literal', type: 'float', value: `${whole}.${part}`, position }) as const),
);
const { object } = fc.letrec<{ node: HclNode; list: HclNode; object: HclObject }>((tie) => ({
  node: fc.oneof({ maxDepth: 4 }, literal, tie('list'), tie('object')),
  list: fc
    .array(fc.oneof({ maxDepth: 4 }, literal, tie('object')), { maxLength: 3 })
    .map((items) => ({ kind: 'list', items, position })),
  object: fc
    .uniqueArray(fc.tuple(name, fc.array(name, { maxLength: 2 }), tie('node')), {
      maxLength: 4,
      // HCL's decoder takes keys for the same whatever their case.
      selector: ([key]) => key.toLowerCase(),
    })
    .map((entries) => ({
      kind: 'object',
      position,
      items: entries.map(([key, labels, value]) => ({
        keys: [key, ...(value.kind === 'object' ? labels : [])].map((word) => ({ name: word, isBare: true, position })),
        value,
      })),
    })),
}));

describe('HCL', () => {
  it('reads assignments, blocks, labels and lists', () => {
    const root = parseHcl('a = 1\nb "c" d { e = ["x", 2.5, true, { f = "g" }], h = {} }\n');
    expect(plain(root.items)).toEqual({ a: 1, b: [{ c: [{ d: [{ e: ['x', 2.5, true, { f: 'g' }], h: [{}] }] }] }] });
  });

  it('keeps repeated keys in their order', () => {
    expect(parseHcl('a { x = 1 }\na { x = 2 }').items.map(({ keys }) => keys[0]?.name)).toEqual(['a', 'a']);
  });

  it('passes over all three kinds of comments', () => {
    expect(plain(parseHcl('# a\na = 1 // b = 2\n/* c = 3\n d */ e = 4').items)).toEqual({ a: 1, e: 4 });
  });

  it('takes an interpolation as it stands', () => {
    expect(plain(parseHcl(`a = "x \${y "z" { \\" }} \\"w\\""`).items)).toEqual({ a: `x \${y "z" { \\" }} "w"` });
  });

  it('reads escapes, also those of single bytes that make up a character', () => {
    expect(plain(parseHcl('a = "\\a\\t\\u00e9\\U0001F600\\x41\\101\\xc3\\xa9"').items)).toEqual({
      a: '\x07\té😀AAé',
    });
  });

  it('ends a heredoc at its word, and takes its indentation away if that is asked for', () => {
    expect(plain(parseHcl('a = <<E\n one\n two\nE\nb = <<-E\n    one\n      two\n    E\n').items)).toEqual({
      a: ' one\n two\n',
      b: 'one\n  two\n',
    });
  });

  it('reads Windows line ends', () => {
    expect(plain(parseHcl('a = 1\r\nb = <<E\r\nx\r\nE\r\n').items)).toEqual({ a: 1, b: 'x\n' });
  });

  it.each([
    ['a = yes', 'At 1:5: Unknown token: 1:5 IDENT yes'],
    ['a = $b', 'At 1:5: illegal char'],
    ['a', "At 1:2: key 'a' expected start of object ('{') or assignment ('=')"],
    ['a b = 1', 'At 1:5: nested object expected: LBRACE got: ASSIGN'],
    ['= 1', 'At 1:1: no object keys found!'],
    ['{', 'At 1:1: expected: IDENT | STRING got: LBRACE'],
    ['a = [1 2]', 'At 1:8: error parsing list, expected comma or list end, got: NUMBER'],
    ['a = [=]', 'At 1:6: unexpected token while parsing list: ASSIGN'],
    ['a = "b', 'At 1:7: literal not terminated'],
    ['a = "b\n"', 'At 1:7: literal not terminated'],
    ['a = "\\q"', 'At 1:7: illegal char escape'],
    ['a = "\\x4"', 'At 1:9: illegal char escape'],
    ['a = "\\777"', 'At 1:9: illegal char escape'],
    ['a = <<E\nx', 'At 2:2: heredoc not terminated'],
    ['a = <<\n', 'At 1:7: zero-length heredoc anchor'],
    ['/* a', 'At 1:5: comment not terminated'],
    ['/ a', "At 1:1: expected '/' for comment"],
    ['a = 0x', 'At 1:7: illegal hexadecimal number'],
    ['a = 018', 'At 1:8: illegal octal number'],
    ['a = "\0"', 'At 1:6: unexpected null character (0x00)'],
    ['a {\n  b = 1\n', 'At 3:1: object expected closing RBRACE got: EOF'],
  ])('refuses %j and says where', (text, message) => {
    const error = parseError(text);
    expect(error).toMatchObject({ code: 'invalid-config', message });
    const [, line, column] = /^At (\d+):(\d+): /.exec(message) ?? [];
    expect(error.position).toEqual({ line: Number(line), column: Number(column) });
  });

  it('keeps what stands in quotes out of its messages', () => {
    expect(parseError('a = [1 "secret"]').message).not.toContain('secret');
    expect(parseError('a = { "secret" }').message).toBe(
      `At 1:16: key '"secret"' expected start of object ('{') or assignment ('=')`,
    );
  });

  it('refuses nesting without bound', () => {
    expect(parseError(`a = ${'['.repeat(1_000_000)}`).message).toBe('At 1:105: nested deeper than 100 levels');
    expect(parseError('a {'.repeat(100_000)).message).toMatch(/nested deeper than 100 levels$/);
  });

  it('gives back every tree that it is written from', () => {
    fc.assert(
      fc.property(object, (tree) => {
        expect(plain(parseHcl(formatHcl(tree)).items)).toEqual(plain(tree.items));
      }),
    );
  });

  it('reads what the original reads', () => {
    fc.assert(
      fc.property(object, (tree) => {
        const text = formatHcl(tree);
        const [value, error] = reference.parse(text);
        expect(error, text).toBeNull();
        expect(plain(parseHcl(text).items)).toEqual(value);
      }),
    );
  });

  const soup = fc
    .array(
      fc.constantFrom(
        ...[
          'a',
          'b.c',
          '"s"',
          `"\${x "y"}"`,
          '=',
          '{',
          '}',
          '[',
          ']',
          ',',
          '1',
          '-2',
          '0x1f',
          '1.5',
          'true',
          '\n',
          ' ',
        ],
        ...['# c\n', '/* c */', '<<E\nt\nE\n', '"\\q"', '$', 'a = 1\n', 'b "l" {\n', '}\n', 'l = [', '"é"', '.', '"u'],
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join(''));

  it('refuses what the original refuses and nothing else', () => {
    fc.assert(
      fc.property(soup, (text) => {
        fc.pre(!/^\s*\{/.test(text));
        const [, refused] = reference.parse(text);
        let tree: HclObject;
        try {
          tree = parseHcl(text);
        } catch {
          expect(refused, text).not.toBeNull();
          return;
        }
        // The original decodes too, and refuses keys that are now a block and now a word; so it does for our spelling.
        if (refused !== null) expect(reference.parse(formatHcl(tree))[1], text).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});
