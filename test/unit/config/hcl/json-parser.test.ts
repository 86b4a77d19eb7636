import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatHcl } from '../../../../src/lib/config/hcl/format.ts';
import { parseHcl } from '../../../../src/lib/config/hcl/hcl-parser.ts';
import { parseJson } from '../../../../src/lib/config/hcl/json-parser.ts';
import { parseConfigText } from '../../../../src/lib/config/hcl/parse.ts';

/** The HCL that means the same. */
const asHcl = (json: string): string => formatHcl(parseJson(json).root);
const hcl = (text: string): string => formatHcl(parseHcl(text));

describe('JSON configuration', () => {
  it('is told from HCL by its first brace', () => {
    expect(parseConfigText(' \n{"a": 1}').syntax).toBe('json');
    expect(parseConfigText('a = 1').syntax).toBe('hcl');
  });

  it('turns nested objects into blocks with labels and lists of objects into repeated blocks', () => {
    expect(asHcl('{"a": {"b": {"c": 1}}, "d": [{"e": {}}, {"e": {"f": 2}}], "g": {"h": 1, "i": {}}}')).toBe(
      hcl('a b { c = 1 }\nd e {}\nd e { f = 2 }\ng { h = 1, i {} }'),
    );
  });

  it('reads null as an empty string', () => {
    expect(asHcl('{"a": null}')).toBe(hcl('a = ""'));
  });

  it('reads strings that standard JSON allows and HCL does not', () => {
    expect(asHcl('{"a": "\\/ \\ud83d\\ude00"}')).toBe(hcl('a = "/ 😀"'));
  });

  it('leaves dollar signs alone', () => {
    const [item] = parseJson(`{"a": "\${b \\"c\\""}`).root.items;
    expect(item?.value).toMatchObject({ value: `\${b "c"` });
  });

  it.each([
    ['{"a": 1, "b": {"c": 2,},}', 'a = 1\nb { c = 2 }'],
    ['{"a": {"b": 1', 'a { b = 1 }'],
    ['{"a": 1 "b": 2}', 'a = 1'],
    ['{"a": 1, "b"', 'a = 1'],
    ['{"a": 1} x', 'a = 1'],
    ['{"a": [true, 1, [2]]}', 'a = [1, 2]'],
  ])('reads as much of %j as SPIRE does', (json, meaning) => {
    expect(asHcl(json)).toBe(hcl(meaning));
  });

  it('says where a text stopped being JSON', () => {
    expect(parseJson('{"a": 1,\n "b": 2 "c": 3}').brokenAt).toEqual({ line: 2, column: 9 });
    expect(parseJson('{"a": 1} x').brokenAt).toEqual({ line: 1, column: 10 });
    expect(parseJson('{"a": [1, 2,],}').brokenAt).toBeUndefined();
  });

  it.each([
    ['{"a": }', 'At 1:7: Expected object value, got unknown token: RBRACE'],
    ['{"a": yes}', 'At 1:9: illegal char'],
    ['{a: 1}', 'At 1:2: illegal char'],
    ['{1: 1}', 'At 1:2: expected: STRING got: NUMBER'],
    ['{"a" "b": 1}', 'At 1:6: expected: COLON got: STRING'],
    ['{"a": 01}', 'At 1:8: numbers cannot start with 0'],
    ['{"a": "b\n"}', 'At 1:9: literal not terminated'],
    ['{"a": [1', 'At 1:9: unexpected token while parsing list: EOF'],
    [`{"a": ${'['.repeat(200)}`, 'nested'],
  ])('refuses %j', (json, message) => {
    expect(() => parseJson(json)).toThrow(expect.objectContaining({ code: 'invalid-config' }));
    if (!message.includes('nested')) expect(() => parseJson(json)).toThrow(message);
  });

  it('refuses nesting without bound', () => {
    expect(() => parseJson('{"a":'.repeat(100_000))).toThrow('nested deeper than 100 levels');
  });

  it('reads every text that JSON.stringify writes', () => {
    const key = fc.string({ unit: 'grapheme', maxLength: 5 });
    const { node } = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.dictionary(key, tie('node'), { maxKeys: 3 }),
        fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(key, node, { maxKeys: 3 }), (value) => {
        const { root, brokenAt } = parseJson(JSON.stringify(value));
        expect(brokenAt).toBeUndefined();
        expect(formatHcl(parseHcl(formatHcl(root)))).toBe(formatHcl(root));
        expect(valuesOf(root)).toEqual(stringsOf(value).sort());
      }),
    );
  });
});

/** Every string value below, in order. */
function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value.toWellFormed()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

function valuesOf(root: ReturnType<typeof parseJson>['root']): string[] {
  const found: string[] = [];
  const visit = (node: (typeof root.items)[number]['value']): void => {
    if (node.kind === 'literal' && node.type === 'string') found.push(node.value);
    else if (node.kind === 'list') node.items.forEach(visit);
    else if (node.kind === 'object') for (const item of node.items) visit(item.value);
  };
  visit(root);
  return found.sort();
}
