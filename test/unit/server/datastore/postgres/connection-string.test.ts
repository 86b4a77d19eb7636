import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePostgresConnectionString } from '../../../../../src/lib/server/datastore/postgres/connection-string.ts';

const read = (text: string) => Object.fromEntries(parsePostgresConnectionString(text));

// The cases are those in which lib/pq 1.12.3 was tried.
test.each<[string, Record<string, string>]>([
  ['', {}],
  ['dbname=hello user=goodbye', { dbname: 'hello', user: 'goodbye' }],
  ['dbname=hello user=goodbye  ', { dbname: 'hello', user: 'goodbye' }],
  ['dbname = hello user=goodbye', { dbname: 'hello', user: 'goodbye' }],
  ['dbname=hello user =goodbye', { dbname: 'hello', user: 'goodbye' }],
  ['dbname=hello user= goodbye', { dbname: 'hello', user: 'goodbye' }],
  ["dbname='hello world' user=x", { dbname: 'hello world', user: 'x' }],
  [String.raw`password='it\'s \\ me'`, { password: String.raw`it's \ me` }],
  [String.raw`password=a\ b user=x`, { password: 'a b', user: 'x' }],
  ["dbname='' user=x", { dbname: '', user: 'x' }],
  ['user=x dbname=', { user: 'x', dbname: '' }],
  ['user=x dbname= host=y', { user: 'x', dbname: 'host=y' }],
  ['user=x user=y', { user: 'y' }],
  ['postgres://', {}],
  ['postgres://h', { host: 'h' }],
  [
    'postgresql://u:p%40w@h:5433/d%2Fb?sslmode=disable',
    { user: 'u', password: 'p@w', host: 'h', port: '5433', dbname: 'd/b', sslmode: 'disable' },
  ],
  ['postgres://[::1]:5433/d', { host: '::1', port: '5433', dbname: 'd' }],
  ['postgres://a:1,b:2/d', { host: 'a,b', port: '1,2', dbname: 'd' }],
  ['postgres:///d?host=/run/postgresql&a=1+2', { dbname: 'd', host: '/run/postgresql', a: '1 2' }],
  ['postgres://u@h/d?x=1&x=2#fragment', { user: 'u', host: 'h', dbname: 'd', x: '1' }],
  ['postgres://u:a:b@h', { user: 'u', password: 'a:b', host: 'h' }],
])('%j means %j', (text, settings) => {
  expect(read(text)).toEqual(settings);
});

test.each([
  "password='secret",
  'password',
  'user=x secret',
  "password='secret user=x",
  'a=b\\',
  'postgres://h/%zz',
  'postgres://[::1/d',
])('refuses %j and does not repeat it', (text) => {
  let refusal: unknown;
  try {
    read(text);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ code: 'invalid-config' });
  expect(String(refusal)).not.toContain('secret');
});

describe('any settings', () => {
  const name = fc.stringMatching(/^[a-z_]{1,12}$/);
  const settings = fc.dictionary(name, fc.string({ minLength: 1 }), { maxKeys: 6 });

  test('come back from pairs', () => {
    fc.assert(
      fc.property(settings, (values) => {
        const text = Object.entries(values).map(([key, value]) => `${key}='${value.replaceAll(/['\\]/g, '\\$&')}'`);
        expect(Object.fromEntries(parsePostgresConnectionString(text.join(' ')))).toEqual({ ...values });
      }),
    );
  });

  test('come back from the query of a URL', () => {
    fc.assert(
      fc.property(settings, (values) => {
        const wellFormed = Object.fromEntries(
          Object.entries(values).map(([key, value]) => [key, value.toWellFormed()]),
        );
        const query = Object.entries(wellFormed).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
        const parsed = parsePostgresConnectionString(`postgres://?${query.join('&')}`);
        expect(Object.fromEntries(parsed)).toEqual(wellFormed);
      }),
    );
  });
});
