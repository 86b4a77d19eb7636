import type { DatabaseKind } from '../sql/database-kind.ts';
import { fromSqliteError } from './sqlite-errors.ts';

/** What the stores must know of SQLite. */
export const sqliteKind: DatabaseKind = {
  rowIdType: 'integer',
  rowId: (column) => column.primaryKey().autoIncrement(),
  referenceType: 'integer',
  bytesType: 'blob',
  toError: fromSqliteError,
};
