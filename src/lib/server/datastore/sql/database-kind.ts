import type { ColumnBuilderCallback, ColumnDataType, Kysely, RawBuilder, Transaction } from 'kysely';
import type { SpirekitError } from '../../../runtime/errors.ts';
import type { Schema } from './schema.ts';

/** In what one kind of database differs from another, as far as the stores must know. */
export interface DatabaseKind {
  /** Column type of a primary key that counts up. */
  readonly rowIdType: ColumnDataType;
  /** Makes a column of that type the primary key; its values are never given out twice. */
  readonly rowId: ColumnBuilderCallback;
  /** Column type of what points to such a key. */
  readonly referenceType: ColumnDataType;
  readonly bytesType: ColumnDataType;
  /** Column type of text that sorts by its bytes. */
  readonly byteOrderedTextType: ColumnDataType | RawBuilder<unknown>;
  /** Makes the tables that only this kind has, with the first layout. */
  readonly createOwnTables?: (db: Kysely<unknown>) => Promise<void>;
  /** Where tables without a schema's name are; undefined where there are no schemas. */
  readonly findSchema?: (db: Kysely<Schema>) => Promise<string>;
  /** Called first in every write: from then to its end nobody else writes, on whatever machine. */
  readonly lockWrites?: (tx: Transaction<Schema>) => Promise<unknown>;
  /** Writes that show whether there is room; done one after the other, each durable. They leave nothing behind. */
  readonly trials: readonly ((tx: Transaction<Schema>) => Promise<unknown>)[];
  /** To be called after rows were inserted with ids of their own: later ones get other ids. Default: nothing is needed. */
  readonly skipRowIds?: (tx: Transaction<Schema>, table: string) => Promise<unknown>;
  /** Brings an error of the driver into our codes: `unavailable`, `data-loss`, `invalid-argument` or `internal`. */
  toError(error: unknown): SpirekitError;
  /** Whether an error of the driver means that the connection went away under a statement. Default: none goes away. */
  readonly isConnectionLost?: (error: unknown) => boolean;
  /** Whether an error of the driver means that a transaction was undone which may succeed when it is tried again. */
  readonly isRolledBack?: (error: unknown) => boolean;
}
