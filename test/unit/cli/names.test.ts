import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameLines, spiffeIdOf } from '../../../src/lib/cli/names.ts';

const id = { path: '/web', trust_domain: 'example.org' };

describe('nameLines', () => {
  it.each([
    ['a text', [{ id: 'a' }, { id: 'b' }], 'id', 'a\nb\n'],
    ['a SPIFFE ID, which SPIRE takes apart', [{ id }], 'id', 'spiffe://example.org/web\n'],
    ['something within', [{ entry: { id: 'a' } }], 'entry.id', 'a\n'],
    ['lists within', [{ svids: [{ id: 'a' }, { id: 'b' }] }], 'svids.id', 'a\nb\n'],
    ['any field', [{ x: { id: 'a' }, y: { id: 'b' } }], '*.id', 'a\nb\n'],
    ['a number', [{ id: 7 }], 'id', '7\n'],
    ['nothing that is not there', [{ id: '' }, {}, { id: null }, 'text', null], 'id', ''],
  ])('finds %s', (_, items, path, text) => {
    expect(nameLines(items, path)).toBe(text);
  });

  it('leaves out what the server refused, so that nobody goes on with it', () => {
    const ok = { status: { code: 0, message: 'OK' }, entry: { id: 'a' } };
    const refused = { status: { code: 6, message: 'similar entry already exists' }, entry: { id: 'b' } };
    expect(nameLines([ok, refused], 'entry.id')).toBe('a\n');
    expect(nameLines([{ results: [refused, ok] }], 'results.entry.id')).toBe('a\n');
  });

  it('has a line for each name, whatever a server calls things', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 })), (names) => {
        const text = nameLines(
          names.map((name) => ({ name })),
          'name',
        );
        expect(text.split('\n')).toHaveLength(names.length + 1);
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
      }),
    );
  });
});

describe('spiffeIdOf', () => {
  it('is undefined for what only looks like one', () => {
    for (const value of [
      null,
      'x',
      [],
      {},
      { trust_domain: 'a' },
      { ...id, more: 1 },
      { path: 1, trust_domain: 'a' },
    ]) {
      expect(spiffeIdOf(value)).toBeUndefined();
    }
    expect(spiffeIdOf({ trust_domain: 'a', path: '' })).toBe('spiffe://a');
  });
});
