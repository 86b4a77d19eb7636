import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseGoJson } from '../../../src/lib/cli/go-json.ts';
import { goJsonText } from '../../../src/lib/cli/go-json-text.ts';

describe('goJsonText', () => {
  it('keeps the digits of numbers and repeated members', () => {
    const text = '{"a":1.50e+3,"a":[18446744073709551616,-0,null,true]}';
    expect(goJsonText(parseGoJson(Buffer.from(text)))).toBe(text);
  });

  it('writes what parses to the same value', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
        const node = parseGoJson(Buffer.from(text));
        expect(parseGoJson(Buffer.from(goJsonText(node)))).toEqual(node);
      }),
    );
  });
});
