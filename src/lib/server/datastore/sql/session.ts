import { type Kysely, sql, type Transaction } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import { forEachInTurns, nextTurn } from '../../../runtime/next-turn.ts';
import type { ChangeEvents, ChangeListener, DatastoreChange } from '../change-events.ts';
import type { WriteCheck } from '../write-check.ts';
import type { DatabaseKind } from './database-kind.ts';
import type { DatabasePlace } from './database-place.ts';
import type { Schema } from './schema.ts';

/** Queries inside or outside a transaction. */
export type Queries = Kysely<Schema> | Transaction<Schema>;

/** Notes what a write changes; told to the listeners once it is durable. */
export type NoteChange = (change: DatastoreChange) => void;

/** What {@link SqlSession} works on. */
export interface SqlSessionOptions {
  readonly db: Kysely<Schema>;
  readonly kind: DatabaseKind;
  /** Undefined for a database that has no place on this machine. */
  readonly place?: DatabasePlace | undefined;
}

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
export class SqlSession implements ChangeEvents, WriteCheck {
  readonly #db: Kysely<Schema>;
  readonly #kind: DatabaseKind;
  readonly #listeners = new Set<ChangeListener>();
  readonly #pending: PendingWrite[] = [];
  readonly #place: DatabasePlace | undefined;
  #isWriting = false;
  /** Why writes fail, until one has succeeded again. */
  #failure: SpirekitError | undefined;

  constructor({ db, kind, place }: SqlSessionOptions) {
    this.#db = db;
    this.#kind = kind;
    this.#place = place;
  }

  async read<T>(work: (db: Queries) => Promise<T>): Promise<T> {
    try {
      return await work(this.#db);
    } catch (error) {
      throw this.#noting(this.#translate(error));
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

  async checkWritable(): Promise<void> {
    this.#place?.assertInPlace();
    // A damaged database does not heal; who repaired it starts the server again.
    if (this.#failure?.code === 'data-loss') throw this.#failure;
    if (this.#failure === undefined) return;
    await this.write((tx) => fillTrialTable(tx));
    await this.write((tx) => sql`drop table ${TRIAL_TABLE}`.execute(tx));
    this.#failure = undefined;
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
    const settlements: (() => void | Promise<void>)[] = [];
    try {
      this.#place?.assertInPlace();
      await this.#db.transaction().execute(async (tx) => {
        for (const write of group) settlements.push(await this.#writeOne(tx, write));
      });
      // Deleted meanwhile, the files took what nobody will read.
      this.#place?.assertInPlace();
    } catch (error) {
      const failure = this.#noting(this.#translate(error));
      for (const write of group) write.fail(failure);
      return;
    }
    for (const settle of settlements) await settle();
  }

  /** Returns what to do once the transaction is durable. Throws only when the whole transaction is lost. */
  async #writeOne(tx: Transaction<Schema>, write: PendingWrite): Promise<() => void | Promise<void>> {
    await sql`savepoint write_of_group`.execute(tx);
    try {
      const { changes, succeed } = await write.run(tx);
      await sql`release savepoint write_of_group`.execute(tx);
      return async () => {
        if (changes.length > 0) this.#failure = this.#failure?.code === 'data-loss' ? this.#failure : undefined;
        await forEachInTurns(changes, (change) => this.#tell(change));
        succeed();
      };
    } catch (error) {
      const failure = this.#noting(this.#translate(error));
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

  /** Remembers what says that the disk, not the request, is at fault. */
  #noting(failure: SpirekitError): SpirekitError {
    const isOfDisk = failure.code === 'unavailable' || failure.code === 'data-loss';
    if (isOfDisk && this.#failure?.code !== 'data-loss') this.#failure = failure;
    return failure;
  }

  #translate(error: unknown): SpirekitError {
    return error instanceof SpirekitError ? error : this.#kind.toError(error);
  }
}

/** Made and dropped to try whether writes succeed again; one that a killed process left does no harm. */
const TRIAL_TABLE = sql.table('spirekit_write_trial');

/** More than any usual write takes: what is left of a full disk may still take a page or two. */
const TRIAL_BYTES = 64 * 1024;

async function fillTrialTable(tx: Transaction<Schema>): Promise<void> {
  await sql`create table if not exists ${TRIAL_TABLE} (content text)`.execute(tx);
  await sql`insert into ${TRIAL_TABLE} values (${'x'.repeat(TRIAL_BYTES)})`.execute(tx);
}
