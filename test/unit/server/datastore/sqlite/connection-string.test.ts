import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConnectionString } from '../../../../../src/lib/server/datastore/sqlite/connection-string.ts';

test.each([
  ['./.data/datastore.sqlite3', './.data/datastore.sqlite3'],
  ['/opt/spire/data.db', '/opt/spire/data.db'],
  ['data.db?_busy_timeout=5', 'data.db'],
  ['file:data.db', 'data.db'],
  ['file:///var/data.db?cache=shared', '/var/data.db'],
  ['file://localhost/var/data.db', '/var/data.db'],
  ['FILE:/var/data.db', '/var/data.db'],
  [':memory:', ':memory:'],
  ['file:///var/spire%20data/a%3Fb.db', '/var/spire data/a?b.db'],
  ['b%C3%BCcher.db', 'bücher.db'],
  ['100%.db', '100%.db'],
  ['file:any?mode=memory&cache=shared', ':memory:'],
])('%s names %s', (text, path) => {
  expect(parseConnectionString(text)).toBe(path);
});

test.each(['', 'postgres://host/db', 'http:x', 'file:', 'file:?a=b', 'a\0b', 'file:a%00b'])('refuses %j', (text) => {
  expect(() => parseConnectionString(text)).toThrow(expect.objectContaining({ code: 'invalid-config' }));
});

test('any plain path stays as it is, with and without the scheme', () => {
  const path = fc.stringMatching(/^[a-zA-Z0-9._ /-]+$/).filter((text) => !text.startsWith('//'));
  fc.assert(
    fc.property(path, (text) => {
      expect(parseConnectionString(text)).toBe(text);
      expect(parseConnectionString(`file:${text}`)).toBe(text);
    }),
  );
});

test('any path comes back from its escapes, with and without the scheme', () => {
  const path = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .map((text) => `/${text.toWellFormed().replaceAll('\0', '')}`);
  fc.assert(
    fc.property(path, (text) => {
      fc.pre(!text.startsWith('//'));
      const escaped = encodeURIComponent(text).replaceAll('%2F', '/');
      expect(parseConnectionString(escaped)).toBe(text);
      expect(parseConnectionString(`file:${escaped}`)).toBe(text);
      expect(parseConnectionString(`file://localhost${escaped}?cache=shared`)).toBe(text);
    }),
  );
});
