import type { Clock } from '../../../runtime/clock.ts';
import type { ResourceStack } from '../../../runtime/resource-stack.ts';
import type { ChangeEvents, DatastoreChange } from '../change-events.ts';
import type { DataStore, StaleReads } from '../datastore.ts';
import { migrateToLatest, requireLatest } from './migrations.ts';
import { type Queries, SqlSession, type SqlSessionOptions } from './session.ts';
import { SqlBundleStore } from './sql-bundle-store.ts';
import { SqlCaJournalStore } from './sql-ca-journal-store.ts';
import { SqlEntryStore } from './sql-entry-store.ts';
import { SqlFederationStore } from './sql-federation-store.ts';
import { SqlJoinTokenStore } from './sql-join-token-store.ts';
import { SqlNodeStore } from './sql-node-store.ts';

/** What {@link SqlDataStore.open} needs. */
export interface SqlDataStoreOptions extends SqlSessionOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The tables are not made or changed; default false. */
  readonly disableMigration?: boolean | undefined;
}

/** A database beside the first one that may be read from instead. */
export interface ReadReplica {
  /** Reads there what is not older than what this server knows, or else from the first database. */
  read<T>(work: (db: Queries) => Promise<T>, readFromFirst: () => Promise<T>): Promise<T>;
}

/** What {@link SqlDataStore.over} needs. */
export interface SqlDataStoreParts extends Omit<SqlDataStoreOptions, 'disableMigration'> {
  readonly replica?: ReadReplica | undefined;
  /** What is closed with the datastore; the database is among it. */
  readonly resources: ResourceStack;
}

/** A datastore in an SQL database of any kind. */
export class SqlDataStore implements DataStore {
  readonly entries: SqlEntryStore;
  readonly nodes: SqlNodeStore;
  readonly joinTokens: SqlJoinTokenStore;
  readonly bundles: SqlBundleStore;
  readonly federation: SqlFederationStore;
  readonly caJournals: SqlCaJournalStore;
  readonly stale: StaleReads;
  readonly changes: ChangeEvents;
  readonly #session: SqlSession;
  readonly #close: () => Promise<void>;

  private constructor(options: SqlDataStoreOptions, replica: ReadReplica | undefined, close: () => Promise<void>) {
    const { clock } = options;
    const session = new SqlSession(options);
    this.#session = session;
    this.#close = close;
    this.changes = session;
    this.entries = new SqlEntryStore({ session, clock });
    this.nodes = new SqlNodeStore({ session });
    this.joinTokens = new SqlJoinTokenStore({ session });
    this.bundles = new SqlBundleStore({ session });
    this.federation = new SqlFederationStore({ session });
    this.caJournals = new SqlCaJournalStore({ session });
    this.stale = replica === undefined ? this : staleReads(session, replica, clock);
  }

  /**
   * Takes over an open database, which it closes with itself and when it cannot be used, and brings its tables up to date.
   * Error: `failed-precondition` for tables of a newer version.
   */
  static async open(options: SqlDataStoreOptions): Promise<SqlDataStore> {
    const { db, kind } = options;
    try {
      await (options.disableMigration === true ? requireLatest : migrateToLatest)(db, kind);
      return new SqlDataStore(options, undefined, () => db.destroy());
    } catch (error) {
      await db.destroy();
      throw error;
    }
  }

  /** Over a database whose tables are up to date. */
  static over({ replica, resources, ...options }: SqlDataStoreParts): SqlDataStore {
    return new SqlDataStore(options, replica, () => resources.disposeAsync());
  }

  checkWritable(): Promise<void> {
    return this.#session.checkWritable();
  }

  /** Tells of a change that was not made here. */
  tell(change: DatastoreChange): void {
    this.#session.tell(change);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

function staleReads(session: SqlSession, replica: ReadReplica, clock: Pick<Clock, 'nowMs'>): StaleReads {
  const reading = {
    read: <T>(work: (db: Queries) => Promise<T>) => replica.read(work, () => session.read(work)),
    write: session.write.bind(session),
  };
  return {
    entries: new SqlEntryStore({ session: reading, clock }),
    nodes: new SqlNodeStore({ session: reading }),
  };
}
