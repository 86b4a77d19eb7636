import { describe, expect, it } from 'vitest';
import { type Result, renderResult } from '../../../src/lib/cli/printer.ts';
import { yamlText } from '../../../src/lib/cli/yaml.ts';

const result: Result = {
  pretty: () => 'Found 2 things\n',
  json: () => ({ things: [{ name: 'a' }, { name: 'b' }] }),
  items: () => [{ name: 'a' }, { name: 'b' }],
  table: () => ({
    head: ['name', 'long title'],
    rows: [
      ['a', ''],
      ['b\u001b[31m', 'x'],
    ],
  }),
};

describe('renderResult', () => {
  it('prints each format', async () => {
    const render = (format: Parameters<typeof renderResult>[1]) => renderResult(result, format, { color: false });
    expect(await render('pretty')).toBe('Found 2 things\n');
    expect(await render('json')).toBe('{"things":[{"name":"a"},{"name":"b"}]}\n');
    expect(await render('jsonl')).toBe('{"name":"a"}\n{"name":"b"}\n');
    expect(await render('yaml')).toBe('things:\n  - name: a\n  - name: b\n');
  });

  it('draws tables without colour and without what would steer a terminal', async () => {
    const text = await renderResult(result, 'table', { color: false });
    expect(text).toBe('name         long title\na\nb\\u001b[31m  x\n');
  });

  it('breaks the sentences of the last column between words to fit the terminal', async () => {
    const table = () => ({
      head: ['name', 'what'],
      rows: [['abcdef', 'one two three four five six']],
      endsInProse: true,
    });
    const draw = (columns?: number) => renderResult({ ...result, table }, 'table', { color: false, columns });
    expect(await draw(30)).toBe('name    what\nabcdef  one two three four\n        five six\n');
    expect(await draw()).toBe('name    what\nabcdef  one two three four five six\n');
    expect(await draw(20)).toBe(await draw());
  });

  it('shows the pretty text where a table would be wider than the terminal, unless a table was asked for', async () => {
    const draw = (format: 'auto' | 'table', columns?: number) => renderResult(result, format, { color: true, columns });
    expect(await draw('auto', 10)).toBe('Found 2 things\n');
    for (const columns of [23, undefined]) expect(await draw('auto', columns)).toContain('long title');
    expect(await draw('table', 10)).toContain('long title');
  });

  it('shows the pretty text where there is no table', async () => {
    expect(await renderResult({ pretty: result.pretty, json: result.json }, 'table', { color: true })).toBe(
      'Found 2 things\n',
    );
  });

  it('takes the items of a list for jsonl when a command names none', async () => {
    const list: Result = { pretty: () => '', json: () => [1, 2] };
    expect(await renderResult(list, 'jsonl', { color: false })).toBe('1\n2\n');
  });
});

describe('yamlText', () => {
  it('quotes every string that a reader could take for something else', () => {
    const texts = [
      '',
      'yes',
      'No',
      'null',
      '~',
      '1',
      '1e3',
      '0x1',
      '-',
      'a: b',
      'a #b',
      '*a',
      '&a',
      '@a',
      'a\nb',
      ' a',
      '2031-01-01',
    ];
    for (const text of texts) expect(yamlText({ k: text })).toBe(`k: ${JSON.stringify(text)}\n`);
    for (const text of ['spiffe', 'a-b.c/d', '_x1']) expect(yamlText({ k: text })).toBe(`k: ${text}\n`);
  });

  it('nests lists and objects, and writes empty ones inline', () => {
    expect(yamlText([[1, [true]], { a: [], b: {}, 'c d': null }, 'spiffe://x'])).toBe(
      '- - 1\n  - - true\n- a: []\n  b: {}\n  "c d": null\n- "spiffe://x"\n',
    );
  });
});
