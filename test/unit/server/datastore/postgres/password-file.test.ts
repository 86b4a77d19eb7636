import { chmod, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findPassword, parsePasswordFile } from '../../../../../src/lib/server/datastore/postgres/password-file.ts';
import { TemporaryFolder } from '../temporary-folder.ts';

const question = { host: 'db', port: 5432, database: 'spire', user: 'me' };

test.each<[string, string | undefined]>([
  ['db:5432:spire:me:pw', 'pw'],
  ['other:5432:spire:me:no\ndb:*:spire:me:pw\n*:*:*:*:late', 'pw'],
  ['# db:5432:spire:me:no\r\n*:*:*:*:pw\r\n', 'pw'],
  [String.raw`*:*:*:*:a\:b\\c`, String.raw`a:b\c`],
  ['db:5432:spire:me', undefined],
  ['db:5432:spire:you:pw', undefined],
  ['', undefined],
])('%j holds %j', (text, password) => {
  expect(parsePasswordFile(text, question)).toBe(password);
});

test('a unix socket counts as localhost', () => {
  expect(parsePasswordFile('localhost:*:*:*:pw', { ...question, host: '/run/postgresql' })).toBe('pw');
});

test('any password comes back from its line, whatever stands around it', () => {
  const text = fc.string({ minLength: 1 }).filter((each) => !/[\r\n]/.test(each));
  fc.assert(
    fc.property(text, text, text, (password, user, noise) => {
      const quote = (field: string): string => field.replaceAll(/[\\:]/g, '\\$&');
      const line = `db:5432:spire:${quote(user)}:${quote(password)}`;
      fc.pre(user !== '*');
      expect(parsePasswordFile(`#${noise}\n${line}\n*:*:*:*:last`, { ...question, user })).toBe(password);
    }),
  );
});

test('a file that others may read is refused, and none is no password', async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.file('pgpass');
  expect(await findPassword(path, question)).toBeUndefined();
  await writeFile(path, '*:*:*:*:pw', { mode: 0o600 });
  expect(await findPassword(path, question)).toBe('pw');
  await chmod(path, 0o640);
  await expect(findPassword(path, question)).rejects.toMatchObject({ code: 'failed-precondition' });
});
