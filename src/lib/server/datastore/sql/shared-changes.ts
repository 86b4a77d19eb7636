import type { Transaction } from 'kysely';
import type { DatastoreChange } from '../change-events.ts';
import type { Schema } from './schema.ts';

/** A place in the order in which all servers on one database changed it. */
export interface ChangePosition {
  /** One more than that of the change before. */
  readonly id: number;
  /** Told apart from a change with the same id in a database that was set back. */
  readonly mark: string;
}

/** How servers on one database learn of each other's changes. */
export interface SharedChanges {
  /** Notes changes for the others, in the transaction that makes them. Undefined for none. */
  note(tx: Transaction<Schema>, changes: readonly DatastoreChange[]): Promise<ChangePosition | undefined>;
  /**
   * To be called after the commit: tells the listeners here, in the order of the commits of all servers. It does not fail:
   * what it could not learn of others it learns later.
   *
   * @param tell tells what this server's own transaction changed
   */
  settle(position: ChangePosition | undefined, tell: () => Promise<void>): Promise<void>;
}
