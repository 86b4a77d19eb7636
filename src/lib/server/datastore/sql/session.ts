import { type Kysely, sql, type Transaction } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import { forEachInTurns, nextTurn } from '../../../runtime/next-turn.ts';
import type { ChangeEvents, ChangeListener, DatastoreChange } from '../change-events.ts';
import type { WriteCheck } from '../write-check.ts';
import type { DatabaseKind } from './database-kind.ts';
import type { DatabasePlace } from './database-place.ts';
import type { Schema } from './schema.ts';
import type { ChangePosition, SharedChanges } from './shared-changes.ts';

/** Queries inside or outside a transaction. */
export type Queries = Kysely<Schema> | Transaction<Schema>;

/** Notes what a write changes; told to the listeners once it is durable. */
export type NoteChange = (change: DatastoreChange) => void;

/** What a store does with a session. */
export type StoreSession = Pick<SqlSession, 'read' | 'write'>;

/** What {@link SqlSession} works on. */
export interface SqlSessionOptions {
  readonly db: Kysely<Schema>;
  readonly kind: DatabaseKind;
  /** Undefined for a database that has no place on this machine. */
  readonly place?: DatabasePlace | undefined;
  /** Undefined for a database that no other server uses. */
  readonly shared?: SharedChanges | undefined;
}

/** Writes in one transaction at most. */
const LARGEST_GROUP = 128;

/** How often a transaction is begun that a lost connection or another transaction undid. */
const MOST_ATTEMPTS = 3;

/** A write that waits for its turn. `run` does the work and returns how to tell the caller of its success. */
interface PendingWrite {
  run(tx: Transaction<Schema>): Promise<{ readonly changes: readonly DatastoreChange[]; readonly succeed: () => void }>;
  fail(error: SpirekitError): void;
}

/** What came of one write, if its transaction is kept. */
interface WriteOutcome {
  readonly changes: readonly DatastoreChange[];
  /** Tells the caller. */
  readonly finish: () => void;
  /** Why it has done nothing. */
  readonly failure?: SpirekitError;
}

/**
 * The one way to the database for all stores: errors are translated, writes tell of their changes. Writes that are asked
 * for at the same time share a commit, since waiting for the disk is what costs; each still happens as a whole or not at
 * all, and one that fails does not touch the others.
 */
export class SqlSession implements ChangeEvents, WriteCheck {
  readonly #options: SqlSessionOptions;
  readonly #listeners = new Set<ChangeListener>();
  readonly #pending: PendingWrite[] = [];
  #isWriting = false;
  /** Why writes fail, until one has succeeded again. */
  #failure: SpirekitError | undefined;

  constructor(options: SqlSessionOptions) {
    this.#options = options;
  }

  /** A read whose connection went away is done once more, on another one. */
  async read<T>(work: (db: Queries) => Promise<T>): Promise<T> {
    const { db, kind } = this.#options;
    try {
      return await work(db).catch((error: unknown) => {
        if (kind.isConnectionLost?.(error) === true) return work(db);
        throw error;
      });
    } catch (error) {
      throw this.#noting(this.#translate(error));
    }
  }

  /**
   * Runs the work as one atomic write; whatever it throws undoes all of it. Writes go in the order they were asked for, and
   * listeners hear of them in that order before the promise resolves. The work may be done again from its beginning, when
   * all that it did was undone.
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
    this.#options.place?.assertInPlace();
    // A damaged database does not heal; who repaired it starts the server again.
    if (this.#failure?.code === 'data-loss') throw this.#failure;
    if (this.#failure === undefined) return;
    for (const trial of this.#options.kind.trials) await this.write(trial);
    this.#failure = undefined;
  }

  subscribe(listener: ChangeListener): () => void {
    // A wrapper of its own, so that the same function may be subscribed twice.
    const own: ChangeListener = (change) => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Tells the listeners. */
  tell(change: DatastoreChange): void {
    for (const listener of this.#listeners) listener(change);
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
    for (let attempt = 1; ; attempt += 1) {
      let isCommitting = false;
      try {
        const { outcomes, position } = await this.#transact(group, () => {
          isCommitting = true;
        });
        await this.#settle(outcomes, position);
        return;
      } catch (error) {
        if (attempt < MOST_ATTEMPTS && this.#mayTryAgain(error, isCommitting)) continue;
        const failure = this.#noting(isCommitting ? this.#lostInCommit(error) : this.#translate(error));
        for (const write of group) write.fail(failure);
        return;
      }
    }
  }

  /** Rejects when all is lost, which after `onCommit` is not sure. */
  async #transact(
    group: readonly PendingWrite[],
    onCommit: () => void,
  ): Promise<{ readonly outcomes: readonly WriteOutcome[]; readonly position: ChangePosition | undefined }> {
    const { db, kind, place, shared } = this.#options;
    place?.assertInPlace();
    const outcomes: WriteOutcome[] = [];
    const transaction = db.transaction().setIsolationLevel('read committed');
    const position = await transaction.execute(async (tx) => {
      await kind.lockWrites?.(tx);
      for (const write of group) outcomes.push(await this.#writeNext(tx, write, outcomes.at(-1)?.failure));
      const noted = await shared?.note(
        tx,
        outcomes.flatMap(({ changes }) => changes),
      );
      onCommit();
      return noted;
    });
    // Deleted meanwhile, the files took what nobody will read.
    place?.assertInPlace();
    return { outcomes, position };
  }

  /**
   * Where one write of the group had to wait in vain, so would those behind it, with the other servers waiting for all of
   * them: they fail with it.
   */
  async #writeNext(
    tx: Transaction<Schema>,
    write: PendingWrite,
    before: SpirekitError | undefined,
  ): Promise<WriteOutcome> {
    if (this.#options.kind.lockWrites === undefined || before?.code !== 'unavailable') {
      return await this.#writeOne(tx, write);
    }
    return { changes: [], finish: () => write.fail(before), failure: before };
  }

  /** Throws only when the whole transaction is lost. */
  async #writeOne(tx: Transaction<Schema>, write: PendingWrite): Promise<WriteOutcome> {
    await sql`savepoint write_of_group`.execute(tx);
    try {
      const { changes, succeed } = await write.run(tx);
      await sql`release savepoint write_of_group`.execute(tx);
      return { changes, finish: succeed };
    } catch (error) {
      if (this.#mayTryAgain(error, false)) throw error;
      const failure = this.#noting(this.#translate(error));
      try {
        await sql`rollback to savepoint write_of_group`.execute(tx);
        await sql`release savepoint write_of_group`.execute(tx);
      } catch {
        // A full disk has undone the transaction already: what was done before is lost too, for the same reason.
        throw failure;
      }
      return { changes: [], finish: () => write.fail(failure), failure };
    }
  }

  async #settle(outcomes: readonly WriteOutcome[], position: ChangePosition | undefined): Promise<void> {
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    const tell = (): Promise<void> => forEachInTurns(changes, (change) => this.tell(change));
    if (changes.length > 0) this.#failure = this.#failure?.code === 'data-loss' ? this.#failure : undefined;
    await (this.#options.shared?.settle(position, tell) ?? tell());
    for (const { finish } of outcomes) finish();
  }

  /** Whether all that a transaction did is undone, through no fault of its own. */
  #mayTryAgain(error: unknown, isCommitting: boolean): boolean {
    const { kind } = this.#options;
    if (kind.isRolledBack?.(error) === true) return true;
    return !isCommitting && kind.isConnectionLost?.(error) === true;
  }

  #lostInCommit(error: unknown): SpirekitError {
    const failure = this.#translate(error);
    if (this.#options.kind.isConnectionLost?.(error) !== true) return failure;
    const sentence = `${failure.message}; the connection ended in a commit, so the change was made or not: look before it is tried again`;
    return new SpirekitError(failure.code, sentence, { cause: error });
  }

  /** Remembers what says that the disk, not the request, is at fault. */
  #noting(failure: SpirekitError): SpirekitError {
    const isOfDisk = failure.code === 'unavailable' || failure.code === 'data-loss';
    if (isOfDisk && this.#failure?.code !== 'data-loss') this.#failure = failure;
    return failure;
  }

  #translate(error: unknown): SpirekitError {
    return error instanceof SpirekitError ? error : this.#options.kind.toError(error);
  }
}
