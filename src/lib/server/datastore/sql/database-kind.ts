import type { ColumnBuilderCallback, ColumnDataType } from 'kysely';
import type { SpirekitError } from '../../../runtime/errors.ts';

/** In what one kind of database differs from another, as far as the stores must know. */
export interface DatabaseKind {
  /** Column type of a primary key that counts up. */
  readonly rowIdType: ColumnDataType;
  /** Makes a column of that type the primary key; its values are never given out twice. */
  readonly rowId: ColumnBuilderCallback;
  /** Column type of what points to such a key. */
  readonly referenceType: ColumnDataType;
  readonly bytesType: ColumnDataType;
  /** Brings an error of the driver into our codes: `unavailable`, `data-loss` or `internal`. */
  toError(error: unknown): SpirekitError;
}
