import type { Kysely } from 'kysely';
import type { Clock } from '../../../runtime/clock.ts';
import type { ChangeEvents } from '../change-events.ts';
import type { DataStore } from '../datastore.ts';
import { migrateToLatest } from './migrations.ts';
import type { Schema } from './schema.ts';
import { SqlSession, type SqlSessionOptions } from './session.ts';
import { SqlBundleStore } from './sql-bundle-store.ts';
import { SqlCaJournalStore } from './sql-ca-journal-store.ts';
import { SqlEntryStore } from './sql-entry-store.ts';
import { SqlFederationStore } from './sql-federation-store.ts';
import { SqlJoinTokenStore } from './sql-join-token-store.ts';
import { SqlNodeStore } from './sql-node-store.ts';

/** What {@link SqlDataStore.open} needs. */
export interface SqlDataStoreOptions extends SqlSessionOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** A datastore in an SQL database of any kind. */
export class SqlDataStore implements DataStore {
  readonly entries: SqlEntryStore;
  readonly nodes: SqlNodeStore;
  readonly joinTokens: SqlJoinTokenStore;
  readonly bundles: SqlBundleStore;
  readonly federation: SqlFederationStore;
  readonly caJournals: SqlCaJournalStore;
  readonly changes: ChangeEvents;
  readonly #db: Kysely<Schema>;
  readonly #session: SqlSession;

  private constructor({ clock, ...options }: SqlDataStoreOptions) {
    const session = new SqlSession(options);
    this.#db = options.db;
    this.#session = session;
    this.changes = session;
    this.entries = new SqlEntryStore({ session, clock });
    this.nodes = new SqlNodeStore({ session });
    this.joinTokens = new SqlJoinTokenStore({ session });
    this.bundles = new SqlBundleStore({ session });
    this.federation = new SqlFederationStore({ session });
    this.caJournals = new SqlCaJournalStore({ session });
  }

  /**
   * Takes over an open database, which it closes with itself and when it cannot be used, and brings its tables up to date.
   * Error: `failed-precondition` for tables of a newer version.
   */
  static async open(options: SqlDataStoreOptions): Promise<SqlDataStore> {
    const { db, kind } = options;
    try {
      await migrateToLatest(db, kind);
      return new SqlDataStore(options);
    } catch (error) {
      await db.destroy();
      throw error;
    }
  }

  checkWritable(): Promise<void> {
    return this.#session.checkWritable();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.destroy();
  }
}
