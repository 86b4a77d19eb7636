import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMinted, mintedJson } from '../../../src/lib/cli/pretty/minted-svid.ts';
import { renderResult } from '../../../src/lib/cli/printer.ts';
import { type JsonValue, jsonText } from '../../../src/lib/cli/protojson.ts';
import { renderTable } from '../../../src/lib/cli/table.ts';
import { yamlText } from '../../../src/lib/cli/yaml.ts';
import { pemDecodeAll } from '../../../src/lib/crypto/pem.ts';
import { readYaml } from './read-yaml.ts';

const text = fc.string({ unit: 'binary' });
const values: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.integer(),
    text,
    fc.constantFrom(
      'yes',
      'no',
      'on',
      '~',
      'null',
      '1',
      '-',
      '- a',
      'a: b',
      '# x',
      '',
      ' ',
      '\n',
      '[',
      '{a}',
      '*x',
      '&x',
      '!x',
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('a', 'b c', '-')), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  ),
})).value;

describe('answers', () => {
  it('are read back from YAML as they were', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(readYaml(yamlText(value))).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it('have one line in JSON, one for each item in JSON lines, and the same meaning in all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(values, { maxLength: 4 }), async (items) => {
        const result = { pretty: () => 'text\n', json: () => ({ items }), items: () => items };
        const render = (format: Parameters<typeof renderResult>[1]) => renderResult(result, format, { color: false });
        const json = await render('json');
        expect(json.indexOf('\n')).toBe(json.length - 1);
        expect(JSON.parse(json)).toEqual({ items });
        const lines = (await render('jsonl')).split('\n');
        expect(lines.pop()).toBe('');
        expect(lines.map((line): unknown => JSON.parse(line))).toEqual(items);
        expect(readYaml(await render('yaml'))).toEqual({ items });
        expect(await render('pretty')).toBe('text\n');
        for (const item of items) expect(jsonText(item)).not.toMatch(/[<>&\u2028\u2029\n]/);
      }),
    );
  });

  it('have a row for each line of a table, and nothing in it steers the terminal', async () => {
    const cell = fc.oneof(text, fc.constantFrom('\u001b[31m', 'a\nb', '\u009b', 'wide 漢字'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 4 }), async (rows) => {
        const table = await renderTable({ head: ['first', 'second'], rows }, { color: false });
        expect(table.split('\n')).toHaveLength(rows.length + 2);
        expect(table).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/);
      }),
    );
  });

  it('with an SVID hold its bytes, in PEM and in base64', () => {
    const der = fc.uint8Array({ minLength: 1 });
    const seconds = fc.bigInt({ min: 0n, max: 2n ** 40n });
    fc.assert(
      fc.property(
        fc.array(der, { minLength: 1 }),
        der,
        fc.array(der),
        seconds,
        (chain, privateKey, roots, expiresAtSeconds) => {
          const minted = { chain, privateKey, roots, expiresAtSeconds };
          const blocks = pemDecodeAll(formatMinted(minted)).map((block) => Buffer.from(block.der));
          expect(blocks).toEqual([...chain, privateKey, ...roots].map((bytes) => Buffer.from(bytes)));
          const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
          expect(mintedJson(minted)).toEqual({
            x509_svid: chain.map(base64),
            private_key: base64(privateKey),
            root_cas: roots.map(base64),
          });
        },
      ),
    );
  });
});
