import { type Kysely, sql, type Transaction } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { ChangeEvents, ChangeListener, DatastoreChange } from '../change-events.ts';
import type { DatabaseKind } from './database-kind.ts';
import { nextTurn } from './next-turn.ts';
import type { Schema } from './schema.ts';

/** Queries inside or outside a transaction. */
export type Queries = Kysely<Schema> | Transaction<Schema>;

/** Notes what a write changes; told to the listeners once it is durable. */
export type NoteChange = (change: DatastoreChange) => void;

/** Writes in one transaction at most. */
const LARGEST_GROUP = 128;

/** A write that waits for its turn. `run` does the work and returns how to tell the caller of its success. */
interface PendingWrite {
  run(tx: Transaction<Schema>): Promise<{ readonly changes: readonly DatastoreChange[]; readonly succeed: () => void }>;
  fail(error: SpirekitError): void;
}

/**
 * The one way to the database for all stores: errors are translated, writes tell of their changes. Writes that are asked
 * for at the same time share a commit, since waiting for the disk is what costs; each still happens as a whole or not at
 * all, and one that fails does not touch the others.
 */
export class SqlSession implements ChangeEvents {
  readonly #db: Kysely<Schema>;
  readonly #kind: DatabaseKind;
  readonly #listeners = new Set<ChangeListener>();
  readonly #pending: PendingWrite[] = [];
  #isWriting = false;

  constructor(db: Kysely<Schema>, kind: DatabaseKind) {
    this.#db = db;
    this.#kind = kind;
  }

  async read<T>(work: (db: Queries) => Promise<T>): Promise<T> {
    try {
      return await work(this.#db);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  /**
   * Runs the work as one atomic write; whatever it throws undoes all of it. Writes go in the order they were asked for, and
   * listeners hear of them in that order before the promise resolves.
   */
  write<T>(work: (tx: Transaction<Schema>, note: NoteChange) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.push({
        run: async (tx) => {
          const changes: DatastoreChange[] = [];
          const result = await work(tx, (change) => changes.push(change));
          return { changes, succeed: () => resolve(result) };
        },
        fail: reject,
      });
      if (!this.#isWriting) void this.#writePending();
    });
  }

  subscribe(listener: ChangeListener): () => void {
    // A wrapper of its own, so that the same function may be subscribed twice.
    const own: ChangeListener = (change) => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async #writePending(): Promise<void> {
    this.#isWriting = true;
    // Whoever asks in the same turn joins the first group.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      await this.#writeGroup(this.#pending.splice(0, LARGEST_GROUP));
      if (this.#pending.length > 0) await nextTurn();
    }
    this.#isWriting = false;
  }

  async #writeGroup(group: readonly PendingWrite[]): Promise<void> {
    const settlements: (() => void)[] = [];
    try {
      await this.#db.transaction().execute(async (tx) => {
        for (const write of group) settlements.push(await this.#writeOne(tx, write));
      });
    } catch (error) {
      const failure = this.#translate(error);
      for (const write of group) write.fail(failure);
      return;
    }
    for (const settle of settlements) settle();
  }

  /** Returns what to do once the transaction is durable. Throws only when the whole transaction is lost. */
  async #writeOne(tx: Transaction<Schema>, write: PendingWrite): Promise<() => void> {
    await sql`savepoint write_of_group`.execute(tx);
    try {
      const { changes, succeed } = await write.run(tx);
      await sql`release savepoint write_of_group`.execute(tx);
      return () => {
        for (const change of changes) this.#tell(change);
        succeed();
      };
    } catch (error) {
      const failure = this.#translate(error);
      try {
        await sql`rollback to savepoint write_of_group`.execute(tx);
        await sql`release savepoint write_of_group`.execute(tx);
      } catch {
        // A full disk has undone the transaction already: what was done before is lost too, for the same reason.
        throw failure;
      }
      return () => write.fail(failure);
    }
  }

  #tell(change: DatastoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #translate(error: unknown): SpirekitError {
    return error instanceof SpirekitError ? error : this.#kind.toError(error);
  }
}
