import type { Kysely, Transaction } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { ChangeEvents, ChangeListener, DatastoreChange } from '../change-events.ts';
import type { DatabaseKind } from './database-kind.ts';
import type { Schema } from './schema.ts';

/** Queries inside or outside a transaction. */
export type Queries = Kysely<Schema> | Transaction<Schema>;

/** Notes what a transaction changes; told to the listeners once it is durable. */
export type NoteChange = (change: DatastoreChange) => void;

/** The one way to the database for all stores: every access has its errors translated, every write tells of its changes. */
export class SqlSession implements ChangeEvents {
  readonly #db: Kysely<Schema>;
  readonly #kind: DatabaseKind;
  readonly #listeners = new Set<ChangeListener>();
  /** Settles with the write that was asked for last. */
  #lastWrite: Promise<void> = Promise.resolve();

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
   * Runs the work in one transaction; whatever it throws rolls everything back. Writes go one after the other, so that
   * listeners hear of them in the order of their commits.
   */
  async write<T>(work: (tx: Transaction<Schema>, note: NoteChange) => Promise<T>): Promise<T> {
    const previous = this.#lastWrite;
    const turn = Promise.withResolvers<void>();
    this.#lastWrite = turn.promise;
    await previous;
    try {
      const changes: DatastoreChange[] = [];
      const result = await this.#transaction((tx) => work(tx, (change) => changes.push(change)));
      for (const change of changes) {
        for (const listener of this.#listeners) listener(change);
      }
      return result;
    } finally {
      turn.resolve();
    }
  }

  subscribe(listener: ChangeListener): () => void {
    // A wrapper of its own, so that the same function may be subscribed twice.
    const own: ChangeListener = (change) => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async #transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T> {
    try {
      return await this.#db.transaction().execute(work);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): SpirekitError {
    return error instanceof SpirekitError ? error : this.#kind.toError(error);
  }
}
