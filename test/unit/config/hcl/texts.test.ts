import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/lib/config/config-error.ts';
import type { HclNode } from '../../../../src/lib/config/hcl/ast.ts';
import { decodeUtf8 } from '../../../../src/lib/config/hcl/decode-utf8.ts';
import { flattenJson } from '../../../../src/lib/config/hcl/flatten-json.ts';
import { formatHcl, formatHclNode } from '../../../../src/lib/config/hcl/format.ts';
import { readHeredoc } from '../../../../src/lib/config/hcl/heredoc.ts';
import { parseConfigText } from '../../../../src/lib/config/hcl/parse.ts';
import { SourceCursor } from '../../../../src/lib/config/hcl/source-cursor.ts';
import { readString } from '../../../../src/lib/config/hcl/string-literal.ts';

const position = { line: 1, column: 1 };

/** Texts that a configuration can hold: no NUL, no half surrogate pairs. */
const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', '').toWellFormed());

const bytesOf = fc.uint8Array({ maxLength: 40 });

describe('bytes of a configuration', () => {
  it('are the text that they encode, or are refused at the first byte that encodes nothing', () => {
    fc.assert(
      fc.property(text, bytesOf, (given, bytes) => {
        expect(decodeUtf8(Buffer.from(given))).toBe(given);
        const isUtf8 = Buffer.compare(Buffer.from(Buffer.from(bytes).toString('utf8')), bytes) === 0;
        if (isUtf8) expect(Buffer.from(decodeUtf8(bytes))).toEqual(Buffer.from(bytes));
        else expect(() => decodeUtf8(bytes)).toThrow(ConfigError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a quoted string', () => {
  it('of JSON means what it means to JSON.parse', () => {
    fc.assert(
      fc.property(text, (given) => {
        const quoted = JSON.stringify(given);
        expect(readString(new SourceCursor(quoted.slice(1)), 'json')).toBe(given);
      }),
    );
  });

  it('of HCL comes back from what is written of it', () => {
    fc.assert(
      fc.property(text, (given) => {
        const literal: HclNode = { kind: 'literal', type: 'string', value: given, position };
        const written = formatHclNode(literal);
        expect(readString(new SourceCursor(written.slice(1)), 'hcl')).toBe(given);
        const item = { keys: [{ name: given, isBare: false, position }], value: literal };
        const [again] = parseConfigText(formatHcl({ kind: 'object', items: [item], position })).root.items;
        expect([again?.keys.map(({ name }) => name), again?.value]).toEqual([
          [given],
          expect.objectContaining({ value: given, type: 'string' }),
        ]);
      }),
    );
  });

  it('that does not end is refused', () => {
    fc.assert(
      fc.property(text, (given) => {
        const open = JSON.stringify(given).slice(1, -1);
        for (const syntax of ['hcl', 'json'] as const) {
          expect(() => readString(new SourceCursor(open), syntax)).toThrow(ConfigError);
        }
      }),
    );
  });
});

describe('a heredoc', () => {
  const line = fc.stringMatching(/^[a-z "\\]{0,12}$/);

  it('holds its lines as they are, up to the word that ends it', () => {
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('', '\r', '\r\r'), (lines, end) => {
        const body = lines.map((each) => `${each}\n`).join('');
        expect(readHeredoc(new SourceCursor(`<END\n${body}END${end}\n`))).toBe(body);
        expect(() => readHeredoc(new SourceCursor(`<END\n${body}`))).toThrow(ConfigError);
      }),
    );
  });

  it('loses the indentation of its closing word if every line has it', () => {
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 4 }), (lines, depth) => {
        const indentation = ' '.repeat(depth);
        const body = lines.map((each) => `${indentation}${each}\n`).join('');
        const expected = lines.map((each) => `${each}\n`).join('');
        expect(readHeredoc(new SourceCursor(`<-END\n${body}${indentation}END\n`))).toBe(expected);
      }),
    );
  });

  it('is read in time that grows with its length, however many carriage returns it holds', () => {
    const returns = '\r'.repeat(400_000);
    expect(readHeredoc(new SourceCursor(`<END\na${returns}b\nEND\n`))).toBe(`a${returns}b\n`);
  });
});

describe('a tree of JSON', () => {
  it('keeps its values, and is the same when it is flattened again', () => {
    const object = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(object, (given) => {
        let root: ReturnType<typeof flattenJson>;
        try {
          root = parseConfigText(JSON.stringify(given)).root;
        } catch (error) {
          // HCL knows neither null nor some numbers.
          if (!(error instanceof ConfigError)) throw error;
          return;
        }
        expect(valuesOf(flattenJson(root))).toEqual(valuesOf(root));
      }),
    );
  });
});

function valuesOf(node: HclNode): string[] {
  switch (node.kind) {
    case 'literal':
      return [`${node.type} ${node.value}`];
    case 'list':
      return node.items.flatMap(valuesOf);
    case 'object':
      return node.items.flatMap(({ value }) => valuesOf(value));
  }
}
