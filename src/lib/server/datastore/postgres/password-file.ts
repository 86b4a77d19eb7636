import { readFile, stat } from 'node:fs/promises';
import { SpirekitError } from '../../../runtime/errors.ts';
import { errnoOf, ioReason } from '../../../runtime/io-reason.ts';

/** What a line of a password file must fit. */
export interface PasswordQuestion {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

const LARGEST_FILE_BYTES = 1024 * 1024;

/**
 * The password in a file of lines `host:port:database:user:password`, of which the first that fits counts; undefined if
 * none does or there is no file. As in libpq a file that others may read does not count, and here it is an error.
 * Errors: `failed-precondition`, `io-error`.
 *
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export async function findPassword(path: string, question: PasswordQuestion): Promise<string | undefined> {
  let text: string;
  try {
    const { mode, size } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new SpirekitError(
        'failed-precondition',
        `password file ${JSON.stringify(path)} can be read by others: make its mode 0600`,
      );
    }
    if (size > LARGEST_FILE_BYTES)
      throw new SpirekitError('failed-precondition', `password file ${JSON.stringify(path)} is too large`);
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return undefined;
    if (cause instanceof SpirekitError) throw cause;
    throw new SpirekitError('io-error', `password file ${JSON.stringify(path)}: ${ioReason(cause)}`, { cause });
  }
  return parsePasswordFile(text, question);
}

/** The password that the text of such a file has for a connection. A unix socket counts as `localhost`. */
export function parsePasswordFile(text: string, question: PasswordQuestion): string | undefined {
  const host = question.host.startsWith('/') ? 'localhost' : question.host;
  const wanted = [host, String(question.port), question.database, question.user];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = (line.match(/(?:^|:)(?:[^:\\]|\\.|\\$)*/gsu) ?? []).map((field) => field.replace(/^:/, ''));
    if (fields.length !== 5) continue;
    const [password = '', ...names] = fields.toReversed().map((field) => field.replaceAll(/\\(.)/gsu, '$1'));
    const fits = names.toReversed().every((name, index) => name === '*' || name === wanted[index]);
    if (fits) return password;
  }
  return undefined;
}
