import { type Kysely, sql } from 'kysely';

/** What is locked, as the first half of an advisory lock's key. The numbers stay what they are: old versions know them. */
export const LOCKS = {
  /** Whoever changes anything, for the length of a transaction. */
  writers: 1_397_768_521,
  /** Whoever makes or changes tables. */
  migration: 1_397_768_522,
  /** Every running server, shared; who must be alone takes it exclusively. */
  servers: 1_397_768_523,
} as const;

/**
 * Takes a lock until the end of the transaction. Advisory locks belong to a connection, so that one of a killed server goes
 * as soon as PostgreSQL notices. Those of different schemas have nothing to do with each other.
 */
export function lockInTransaction<DB>(tx: Kysely<DB>, lock: keyof typeof LOCKS): Promise<unknown> {
  return sql`select pg_advisory_xact_lock(${sql.lit(LOCKS[lock])}, hashtext(current_schema()))`.execute(tx);
}
