import { type Kysely, sql } from 'kysely';
import type { Logger } from '../../../runtime/logger.ts';
import type { Schema } from '../sql/schema.ts';

/** What a replica depends on. */
export interface ReplicaDeps {
  readonly db: Kysely<Schema>;
  /** The change that what is read must include. */
  readonly positionId: () => number;
  readonly log: Logger;
}

/** A database that follows another one, at some distance, and may be read from where that distance does not matter. */
export class Replica {
  readonly #deps: ReplicaDeps;
  #isAway = false;

  constructor(deps: ReplicaDeps) {
    this.#deps = deps;
  }

  /**
   * Reads from the replica what includes all changes that this server knows; from the first database while the replica has
   * not come so far or cannot be reached.
   */
  async read<T>(work: (db: Kysely<Schema>) => Promise<T>, readFromFirst: () => Promise<T>): Promise<T> {
    const { db, positionId, log } = this.#deps;
    try {
      const needed = positionId();
      // One connection for both: behind one name there may be several replicas.
      const read = await db.connection().execute(async (connection) => {
        const { rows } = await sql<{ id: number }>`select max(id) as id from shared_changes`.execute(connection);
        return (rows[0]?.id ?? -1) >= needed ? { value: await work(connection) } : undefined;
      });
      this.#isAway = false;
      if (read !== undefined) return read.value;
    } catch (error) {
      if (!this.#isAway)
        log.warn('Unable to read from the read-only database; the first one is read instead', { error });
      this.#isAway = true;
    }
    return await readFromFirst();
  }
}
