import { parsePasswordFile } from '../../src/lib/server/datastore/postgres/password-file.ts';

const QUESTION = { host: 'db.example.org', port: 5432, database: 'spire', user: 'spire' };

/** Any text has no password for a connection, or one that stands in it; a line in front that fits any connection wins. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const password = parsePasswordFile(text, QUESTION);
  if (password !== undefined && !text.replaceAll('\\', '').includes(password.replaceAll('\\', ''))) {
    throw new Error('a password that nobody wrote');
  }
  if (parsePasswordFile(`*:*:*:*:first\n${text}`, QUESTION) !== 'first') throw new Error('not the first line');
}
