import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceFile } from '../../../src/lib/desiredentries/source-file.ts';
import type { SourceNode } from '../../../src/lib/desiredentries/source-node.ts';
import { parseYamlSource } from '../../../src/lib/desiredentries/yaml-source.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';

const parse = (text: string): SourceNode[] => [...parseYamlSource(new SourceFile('f', text))];

describe('parseYamlSource', () => {
  it('reads JSON as what it is', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.string(), fc.boolean(), fc.nat())),
        (value) => {
          const [node] = [...parseYamlSource(new SourceFile('f', JSON.stringify(value)))];
          const fields = node?.kind === 'map' ? [...node.fields] : [];
          expect(fields.map(([name]) => name)).toEqual(Object.keys(value));
          for (const [name, field] of fields) {
            const found = 'value' in field.node ? field.node.value : undefined;
            expect(typeof found === 'bigint' ? Number(found) : found).toBe(value[name]);
          }
        },
      ),
    );
  });

  it('refuses any other text with a code', () => {
    const pieces = fc.constantFrom(
      '- ',
      'a: ',
      '&x ',
      '*x',
      '<<: ',
      '\n',
      '  ',
      '---\n',
      '!!set ',
      '!t ',
      '{',
      '}',
      '[',
      ']',
      '"',
      'b',
      '|',
      '%YAML 1.1\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            for (const node of parseYamlSource(new SourceFile('f', text)))
              expect(node.at).toBeLessThanOrEqual(text.length);
          } catch (error) {
            expect(error).toBeInstanceOf(SpirekitError);
            expect(error).toMatchObject({ message: expect.stringMatching(/^f:/) });
          }
        },
      ),
    );
  });

  it('knows anchors, aliases and merge keys', () => {
    const [node] = parse('base: &b {a: 1, b: 2}\nlist: [*b, {<<: *b, b: 3}]\n');
    const list = node?.kind === 'map' ? node.fields.get('list')?.node : undefined;
    const items = list?.kind === 'list' ? list.items : [];
    const values = items.map((item) =>
      item.kind === 'map'
        ? Object.fromEntries([...item.fields].map(([name, { node: n }]) => [name, 'value' in n ? n.value : n]))
        : item,
    );
    expect(values).toEqual([
      { a: 1n, b: 2n },
      { a: 1n, b: 3n },
    ]);
  });

  it.each([
    ['a: 1\na: 2', 'f:2:1: "a" stands here twice'],
    ['a: *x', 'f:1:4: '],
    ['a: !secret b', 'f:1:4: '],
    ['a: !!binary aGk=', 'f:1:4: '],
    ['a: [', 'f:1:5: '],
    ['1: a', 'f:1:1: a name that is no text'],
    ['<<: 3', 'f:1:5: << takes maps, or aliases of them'],
    [`a: ${'['.repeat(40)}${']'.repeat(40)}`, 'f:1:36: more than 32 levels of lists and maps'],
  ])('refuses %s', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
  });

  it('refuses aliases that make much of little', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level += 1) {
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    expect(() => parse(lines.join('\n'))).toThrow(/aliases stand for more than/);
  });

  it('refuses a text that goes deeper than anything can', () => {
    expect(() => parse('['.repeat(50_000))).toThrow(SpirekitError);
  });
});
