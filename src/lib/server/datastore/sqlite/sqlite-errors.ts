import { SpirekitError } from '../../../runtime/errors.ts';

/** Primary result codes of SQLite that say what an operator can do. https://sqlite.org/rescode.html */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** Brings an error of `node:sqlite` into our codes; the sentence is SQLite's own. */
export function fromSqliteError(error: unknown): SpirekitError {
  if (!(error instanceof Error) || !isSqliteError(error)) return SpirekitError.from(error);
  const sentence = `datastore-sql: ${error.message}`;
  switch (primaryCode(error)) {
    case BUSY:
    case LOCKED:
    case READONLY:
    case IOERR:
    case FULL:
    case CANTOPEN:
      return new SpirekitError('unavailable', sentence, { cause: error });
    case CORRUPT:
    case NOTADB:
      return new SpirekitError('data-loss', sentence, { cause: error });
  }
  return new SpirekitError('internal', sentence, { cause: error });
}

/** Whether another process holds the database. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && primaryCode(error) === BUSY;
}

function isSqliteError(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}

function primaryCode(error: Error): number | undefined {
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
