import type { Kysely } from 'kysely';
import type { Clock } from '../../../runtime/clock.ts';
import type { DatabaseKind } from '../sql/database-kind.ts';
import type { Schema } from '../sql/schema.ts';

/** A database that nobody else uses as long as this one is open. */
export interface SoleDatabase extends AsyncDisposable {
  /** What it is called in a sentence; no password is in it. */
  readonly name: string;
  readonly db: Kysely<Schema>;
  readonly kind: DatabaseKind;
  /** False for one that has no tables of ours yet. */
  readonly hasTables: boolean;
  /** Makes the tables or brings them up to date. */
  makeTables(): Promise<void>;
  /** Error: `failed-precondition` for tables of another version. */
  requireTables(): Promise<void>;
}

/** How a database is opened for itself. */
export interface OpenSoleOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Whether a file that is not there may be made. */
  readonly mayCreate: boolean;
}
