import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JsonNode, MAX_JSON_DEPTH, parseGoJson, parseGoJsonLists } from '../../../src/lib/cli/go-json.ts';

const parse = (text: string): JsonNode => parseGoJson(Buffer.from(text));

/** The plain value of a node, as `JSON.parse` would have made it. */
function plain(node: JsonNode): unknown {
  switch (node.kind) {
    case 'null':
      return null;
    case 'bool':
    case 'string':
      return node.value;
    case 'number':
      return Number(node.literal);
    case 'array':
      return node.items.map(plain);
    case 'object':
      return Object.fromEntries(node.members.map(([name, value]) => [name, plain(value)]));
  }
}

describe('parseGoJson', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(plain(parse(text))).toEqual(JSON.parse(text, wellFormed));
      }),
    );
  });

  it('accepts the texts that JSON.parse accepts and no others', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '"a"',
      '1',
      '-',
      '.5',
      'e3',
      '0',
      ' ',
      'true',
      'nul',
      'l',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        expect(accepts(() => parse(text))).toBe(accepts(() => JSON.parse(text)));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps every digit of a number', () => {
    expect(parse('[9223372036854775807, -0, 1.50, 1E+2]')).toEqual({
      kind: 'array',
      items: ['9223372036854775807', '-0', '1.50', '1E+2'].map((literal) => ({ kind: 'number', literal })),
    });
  });

  it('turns bytes that are no UTF-8 and halves of surrogate pairs into U+FFFD', () => {
    expect(parseGoJson(Buffer.from([0x22, 0x61, 0xff, 0x22]))).toEqual({ kind: 'string', value: 'a\ufffd' });
    expect(parse('"\\ud83dx"')).toEqual({ kind: 'string', value: '\ufffdx' });
  });

  it.each([
    ['', 'unexpected end of JSON input'],
    ['{"entries": [', 'unexpected end of JSON input'],
    ['"abc', 'unexpected end of JSON input'],
    ['{"a"', 'unexpected end of JSON input'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['[}', "invalid character '}' looking for beginning of value"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\', "invalid character ' ' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['-', "invalid character ' ' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1e', "invalid character ' ' in exponent of numeric literal"],
    ['tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['fals', "invalid character ' ' in literal false (expecting 'e')"],
    ['nulx', "invalid character 'x' in literal null (expecting 'l')"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['\u0085', "invalid character 'Â' looking for beginning of value"],
    ['\u007f', "invalid character '\\x7f' looking for beginning of value"],
  ])('refuses %j as Go does', (text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid-encoding', message }));
  });

  it('refuses values that are nested too deeply', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(nested(MAX_JSON_DEPTH)).kind).toBe('array');
    expect(() => parse(nested(MAX_JSON_DEPTH + 1))).toThrow("invalid character '[' exceeded max depth");
    expect(() => parse('['.repeat(1_000_000))).toThrow('exceeded max depth');
  });
});

describe('parseGoJsonLists', () => {
  /** Puts the document together again from what went to the sinks and what did not. */
  function reassemble(bytes: Uint8Array): unknown {
    const taken: [string, unknown][] = [];
    const rest = parseGoJsonLists(bytes, (name) => {
      if (!name.startsWith('t')) return undefined;
      let items: unknown[] = [];
      return {
        begin: () => {
          items = [];
          taken.push([name, items]);
        },
        item: (node) => items.push(plain(node)),
        other: (node) => taken.push([name, plain(node)]),
      };
    });
    const value = plain(rest);
    return rest.kind === 'object' ? { ...(value as object), ...Object.fromEntries(taken) } : value;
  }

  it('takes lists out of the outermost object and reads the rest as parseGoJson does', () => {
    const names = fc.constantFrom('t', 'tt', 'a', 'b');
    const values = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(names, fc.array(fc.nat())), fc.jsonValue());
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(names, values), fc.jsonValue()), fc.constantFrom(0, 1), (value, space) => {
        const bytes = Buffer.from(JSON.stringify(value, wellFormed, space));
        expect(reassemble(bytes)).toEqual(plain(parseGoJson(bytes)));
      }),
    );
  });

  it('refuses what parseGoJson refuses, with the same words', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('t', 'a'), fc.array(fc.nat())),
        fc.nat(),
        fc.string(),
        (value, at, text) => {
          const json = JSON.stringify(value);
          const cut = at % (json.length + 1);
          const bytes = Buffer.from(json.slice(0, cut) + text + json.slice(cut));
          expect(messageOf(() => reassemble(bytes))).toBe(messageOf(() => parseGoJson(bytes)));
        },
      ),
    );
  });
});

function messageOf(read: () => unknown): string {
  try {
    read();
    return '';
  } catch (error) {
    return String(error);
  }
}

function accepts(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function wellFormed(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}
