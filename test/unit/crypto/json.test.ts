import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CryptoError } from '../../../src/lib/crypto/crypto-error.ts';
import { JsonNumber, JsonObject, parseJson, toPlainJson } from '../../../src/lib/crypto/json.ts';

const plain = (text: string): unknown => toPlainJson(parseJson(text));

describe('parseJson', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(plain(text))).toBe(text);
        expect(JSON.stringify(plain(JSON.stringify(value, null, 3)))).toBe(text);
      }),
    );
  });

  it('takes and refuses the same texts as JSON.parse', () => {
    const unit = fc.constantFrom(...'{}[]",:0123456789.eE+-tfnrueals \\/u\n\t\0é\ufeff');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        let expected: unknown;
        let isJson = true;
        try {
          expected = JSON.parse(text, (_, value: unknown) => {
            // JSON.parse makes it infinite; as Go, this parser refuses a number that no double can hold.
            if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) isJson = false;
            return value;
          });
        } catch {
          isJson = false;
        }
        if (isJson) expect(JSON.stringify(toPlainJson(parseJson(text)))).toBe(JSON.stringify(expected));
        else expect(() => toPlainJson(parseJson(text))).toThrow(CryptoError);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a byte order mark', Buffer.from('\ufeff{}')],
    ['bytes that are not UTF-8', Buffer.from('"\xff"', 'latin1')],
    ['two documents', Buffer.from('{}{}')],
    ['a trailing comma', Buffer.from('{"a":1,}')],
    ['an empty text', Buffer.from('')],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseJson(bytes)).toThrow(/malformed JSON/);
  });

  it('keeps the digits of numbers', () => {
    const value = parseJson('18446744073709551615');
    expect(value instanceof JsonNumber && value.findInteger()).toBe(18446744073709551615n);
  });

  it.each(['1.0', '1e3', '-0'])('finds no integer in %s', (text) => {
    const value = parseJson(text);
    expect(value instanceof JsonNumber ? value.findInteger() : 0).toBeUndefined();
  });

  it('notices a name that comes twice, even if one is escaped', () => {
    const value = parseJson('{"a":1,"\\u0061":2}');
    expect(value).toBeInstanceOf(JsonObject);
    expect(value instanceof JsonObject && value.hasDuplicates).toBe(true);
    expect(() => plain('[{"x":{"a":1,"a":1}}]')).toThrow(/twice/);
  });

  it('makes nothing of names that mean something to JavaScript', () => {
    expect(Object.keys(plain('{"__proto__":{"x":1}}') as object)).toEqual(['__proto__']);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('refuses numbers that no double holds', () => {
    expect(() => plain('1e999')).toThrow(/range/);
  });

  it('reads half a surrogate pair as U+FFFD', () => {
    expect(plain('"\\ud800"')).toBe('\ufffd');
  });

  it('stops at a depth that the stack still holds', () => {
    const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => parseJson(nest(1000))).not.toThrow();
    expect(() => parseJson(nest(1_000_000))).toThrow(/deep/);
  });

  it('reads long strings with escapes', () => {
    expect(plain(`"${'\\n'.repeat(1_000_000)}"`)).toHaveLength(1_000_000);
  });
});
