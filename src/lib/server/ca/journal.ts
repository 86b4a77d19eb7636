import type { Logger } from '../../runtime/logger.ts';
import type { CaJournalStore } from '../datastore/ca-journal-store.ts';
import type { AuthorityStatus } from './authority.ts';
import { formatJournal, type JournalEntry, type JournalRecord, parseJournal } from './journal-format.ts';

/** The lists of a journal. */
export type JournalKind = keyof JournalRecord;

/** Entries kept of each kind; the older ones are long replaced. */
const ENTRIES_KEPT = 10;

/**
 * What this server remembers of its authorities, kept in the datastore beside the bundle they are in. Several servers
 * may share the datastore: a server knows its own journal by the X.509 keys in its key manager.
 */
export class CaJournal {
  readonly #store: CaJournalStore;
  readonly #log: Logger;
  #id: number | undefined;
  #record: JournalRecord;
  #lastSave: Promise<void> = Promise.resolve();

  private constructor(store: CaJournalStore, log: Logger, id: number | undefined, record: JournalRecord) {
    this.#store = store;
    this.#log = log;
    this.#id = id;
    this.#record = record;
  }

  /**
   * Finds the journal of the server that holds the keys with these subject key identifiers (hex).
   * Error: `data-loss` for a damaged one.
   */
  static async open(store: CaJournalStore, log: Logger, subjectKeyIds: readonly string[]): Promise<CaJournal> {
    log.debug('Loading journal from datastore');
    for (const subjectKeyId of subjectKeyIds) {
      const found = await store.findCaJournal(subjectKeyId);
      if (found === undefined) continue;
      const record = parseJournal(found.data);
      log.info('Journal loaded', { x509_cas: record.x509Cas.length, jwt_keys: record.jwtKeys.length });
      return new CaJournal(store, log, found.id, record);
    }
    log.info('There is not a CA journal record that matches any of the local X509 authority IDs');
    return new CaJournal(store, log, undefined, { x509Cas: [], jwtKeys: [] });
  }

  /** True if the datastore knew nothing of this server's keys. */
  get isNew(): boolean {
    return this.#id === undefined;
  }

  /** Oldest first. */
  entries(kind: JournalKind): readonly JournalEntry[] {
    return this.#record[kind];
  }

  /** Adds an entry; durable when it resolves, see {@link CaJournal.setStatus}. */
  async append(kind: JournalKind, entry: JournalEntry): Promise<void> {
    const entries = [...this.#record[kind], entry].slice(-ENTRIES_KEPT);
    this.#record = { ...this.#record, [kind]: entries };
    await this.#save();
  }

  /**
   * Sets the status of authorities in one step. Without a change nothing is written. As long as there is no X.509
   * authority there is nothing to find the journal by, so it is written with the first one.
   */
  async setStatus(kind: JournalKind, statuses: ReadonlyMap<string, AuthorityStatus>): Promise<void> {
    let isChanged = false;
    const entries = this.#record[kind].map((entry) => {
      const status = statuses.get(entry.authorityId) ?? entry.status;
      isChanged ||= status !== entry.status;
      return { ...entry, status };
    });
    if (!isChanged) return;
    this.#record = { ...this.#record, [kind]: entries };
    await this.#save();
  }

  #save(): Promise<void> {
    const save = this.#lastSave.then(async () => {
      const { x509Cas } = this.#record;
      const active = x509Cas.findLast((entry) => entry.status === 'active') ?? x509Cas.at(-1);
      if (active === undefined) return;
      if (this.#id === undefined) this.#log.info('Creating a new CA journal entry');
      const journal = { activeX509AuthorityId: active.authorityId, data: formatJournal(this.#record) };
      this.#id = await this.#store.saveCaJournal({ ...journal, id: this.#id });
      this.#log.debug('Successfully stored CA journal entry in datastore', {
        ca_journal_id: this.#id,
        local_authority_id: active.authorityId,
      });
    });
    this.#lastSave = save.catch(() => undefined);
    return save;
  }
}
