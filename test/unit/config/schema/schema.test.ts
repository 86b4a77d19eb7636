import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfigText } from '../../../../src/lib/config/hcl/parse.ts';
import { block, unknownKeys } from '../../../../src/lib/config/schema/block.ts';
import { blockList, list, map } from '../../../../src/lib/config/schema/collections.ts';
import { parseGoInt } from '../../../../src/lib/config/schema/go-int.ts';
import { bool, int, optional, string, subtree } from '../../../../src/lib/config/schema/scalars.ts';
import { decodeText, decodeTree } from '../../../../src/lib/config/schema/schema.ts';

const schema = block({
  name: string(),
  count: int(),
  flag: bool(),
  maybe: optional(bool()),
  words: list(string()),
  inner: block({ x: int(), y: int() }),
  servers: blockList(block({ address: string() })),
  labels: map(block({ url: string() })),
  rest: subtree(),
});
const decode = (text: string) => decodeText(schema, text);

describe('decoding by a schema', () => {
  it('gives empty values for what is not there', () => {
    expect(decode('')).toMatchObject({
      name: '',
      count: 0,
      flag: false,
      words: [],
      servers: [],
      inner: { x: 0, y: 0 },
    });
    expect(decode('').maybe).toBeUndefined();
    expect(decode('').labels.size).toBe(0);
  });

  it('takes numbers for strings, by their spelling, and quoted numbers for numbers', () => {
    expect(decode('name = 0x10\ncount = "0x10"')).toMatchObject({ name: '0x10', count: 16 });
  });

  it('tells a value that is not there from an empty one where that matters', () => {
    expect(decode('maybe = false').maybe).toBe(false);
  });

  it('reads keys in any case', () => {
    expect(decode('NAME = "x"\nInner { X = 1 }')).toMatchObject({ name: 'x', inner: { x: 1 } });
  });

  it('merges repeated blocks, appends repeated lists and lets the last word count', () => {
    const value = decode('inner { x = 1 }\ninner { y = 2 }\nwords = ["a"]\nwords = ["b"]\nname = "c"\nname = "d"');
    expect(value).toMatchObject({ inner: { x: 1, y: 2 }, words: ['a', 'b'], name: 'd' });
  });

  it('reads labelled blocks, nested ones and those with an equals sign alike', () => {
    const urls = (text: string) => [...decode(text).labels].map(([name, { url }]) => [name, url]);
    const expected = [['a', 'u']];
    expect(urls('labels "a" { url = "u" }')).toEqual(expected);
    expect(urls('labels { a { url = "u" } }')).toEqual(expected);
    expect(urls('labels = { a = { url = "u" } }')).toEqual(expected);
    expect(urls('{"labels": {"a": {"url": "u"}}}')).toEqual(expected);
  });

  it('reads a list of blocks, and one block as the list of its keys', () => {
    expect(decode('servers = [{ address = "a" }, { address = "b" }]').servers).toMatchObject([
      { address: 'a' },
      { address: 'b' },
    ]);
    expect(decode('servers { address = "a" }').servers).toMatchObject([{ address: 'a' }]);
    expect(decode('{"servers": [{"address": "a"}, {"address": "b"}]}').servers).toHaveLength(2);
  });

  it('keeps the first of several subtrees', () => {
    expect(decode('rest { a = 1 }\nrest { b = 2 }').rest).toMatchObject({
      kind: 'object',
      items: [{ keys: [{ name: 'a' }] }],
    });
  });

  it('remembers bare keys that it does not know, by block, and not the quoted ones', () => {
    const value = decode('name = "x"\nfoo = 1\n"bar" = 2\ninner { baz = 3 }');
    expect(unknownKeys(value)).toEqual(['foo']);
    expect(unknownKeys(value.inner)).toEqual(['baz']);
    expect(unknownKeys(decodeText(schema, '{"foo": 1}'))).toEqual(['foo']);
  });

  it.each([
    ['name = true', 'At 1:8: root.name: unknown type for string *ast.LiteralType'],
    ['name = [1]', 'At 1:8: root.name: unknown type for string *ast.ListType'],
    ['name {}', 'At -: root.name: unknown type for string *ast.ObjectList'],
    ['\ncount = "x"', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['count = 1.5', 'At 1:9: root.count: unknown type *ast.LiteralType'],
    ['count = 99999999999999999999', 'strconv.ParseInt: parsing "99999999999999999999": value out of range'],
    ['flag = "true"', 'At 1:8: root.flag: unknown type *ast.LiteralType'],
    ['words = "a"', 'At 1:9: unknown slice type: *ast.LiteralType'],
    ['words = [true]', 'At 1:10: root.words[0]: unknown type for string *ast.LiteralType'],
    ['inner = 1', 'At 1:9: root.inner: not an object type for struct (*ast.LiteralType)'],
    ['labels = 1', 'At 1:10: root.labels: not an object type for map (*ast.LiteralType)'],
    ['rest {}\nrest = 1', 'At 2:8: root.rest: not an object type for struct (*ast.LiteralType)'],
  ])('refuses %j as HCL does', (text, message) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'invalid-config', message }));
  });

  it('knows the place of a number that is none, although HCL does not tell', () => {
    expect(() => decode('\ncount = "x"')).toThrow(expect.objectContaining({ position: { line: 2, column: 9 } }));
  });

  it('reads any tree, or refuses it with a code', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            'name',
            'inner {',
            '}',
            '= 1',
            '= "x"',
            'servers',
            'labels',
            'a',
            '{}',
            '= [',
            ']',
            '{',
            '\n',
          ),
          { maxLength: 10 },
        ),
        (parts) => {
          try {
            decodeTree(schema, parseConfigText(parts.join(' ')).root);
          } catch (error) {
            expect(error).toMatchObject({ code: 'invalid-config' });
          }
        },
      ),
    );
  });
});

describe("Go's integers", () => {
  it('are read in every base', () => {
    expect(['0', '-5', '+7', '0x1f', '0b11', '0o17', '017', '1_000'].map((text) => parseGoInt(text))).toEqual([
      0, -5, 7, 31, 3, 15, 15, 1000,
    ]);
  });

  it.each(['', '08', '1_', '_1', '0x', '1.0', ' 1', 'ten'])('are not %j', (text) => {
    expect(() => parseGoInt(text)).toThrow('invalid syntax');
  });

  it('come back from their decimal form', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(parseGoInt(String(value))).toBe(value);
      }),
    );
  });
});
