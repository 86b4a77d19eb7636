import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { CaJournalStore } from '../datastore/ca-journal-store.ts';
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
  #isSaved = true;
  #lastSave: Promise<void> = Promise.resolve();

  private constructor(store: CaJournalStore, log: Logger, id: number | undefined, record: JournalRecord) {
    this.#store = store;
    this.#log = log;
    this.#id = id;
    this.#record = record;
  }

  /**
   * Finds the journal of the server that holds the keys with these subject key identifiers (hex).
   * Error: `data-loss` for a damaged one, and for one that a newer version wrote.
   */
  static async open(store: CaJournalStore, log: Logger, subjectKeyIds: readonly string[]): Promise<CaJournal> {
    log.debug('Loading journal from datastore');
    for (const subjectKeyId of subjectKeyIds) {
      const found = await store.findCaJournal(subjectKeyId);
      if (found === undefined) continue;
      const record = readJournal(found);
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

  /**
   * Adds an entry. What was prepared in its slot before has lost its key and is old. Durable when it resolves; as long
   * as there is no X.509 authority there is nothing to find the journal by, so it is written with the first one.
   */
  async append(kind: JournalKind, entry: JournalEntry): Promise<void> {
    const others = this.#record[kind].map((other) =>
      other.slotId === entry.slotId && other.status === 'prepared' ? { ...other, status: 'old' as const } : other,
    );
    await this.#change(kind, dropOldest([...others, entry]));
  }

  /** One authority is active now, and any that was is old: in one step. Durable when it resolves. */
  async activate(kind: JournalKind, authorityId: string): Promise<void> {
    const entries = this.#record[kind];
    const isNews = entries.some((entry) => (entry.status === 'active') !== (entry.authorityId === authorityId));
    if (!isNews) return;
    await this.#change(
      kind,
      entries.map((entry) => {
        if (entry.authorityId === authorityId) return { ...entry, status: 'active' };
        return entry.status === 'active' ? { ...entry, status: 'old' } : entry;
      }),
    );
  }

  /** Writes what could not be written when it happened. */
  async flush(): Promise<void> {
    await this.#lastSave;
    if (!this.#isSaved) await this.#save();
  }

  #change(kind: JournalKind, entries: readonly JournalEntry[]): Promise<void> {
    this.#record = { ...this.#record, [kind]: entries };
    this.#isSaved = false;
    return this.#save();
  }

  #save(): Promise<void> {
    const save = this.#lastSave.then(async () => {
      const record = this.#record;
      const active = record.x509Cas.findLast((entry) => entry.status === 'active') ?? record.x509Cas.at(-1);
      if (active === undefined) return;
      if (this.#id === undefined) this.#log.info('Creating a new CA journal entry');
      await this.#write({ activeX509AuthorityId: active.authorityId, data: formatJournal(record) });
      this.#isSaved = record === this.#record;
      this.#log.debug('Successfully stored CA journal entry in datastore', {
        ca_journal_id: this.#id,
        local_authority_id: active.authorityId,
      });
    });
    this.#lastSave = save.catch(() => undefined);
    return save;
  }

  async #write(journal: { readonly activeX509AuthorityId: string; readonly data: Uint8Array }): Promise<void> {
    try {
      this.#id = await this.#store.saveCaJournal({ ...journal, id: this.#id });
    } catch (error) {
      if (this.#id === undefined || SpirekitError.from(error).code !== 'not-found') throw error;
      // Pruned while this server slept for weeks, perhaps by another one.
      this.#id = await this.#store.saveCaJournal(journal);
    }
  }
}

function readJournal({ id, data }: { readonly id: number; readonly data: Uint8Array }): JournalRecord {
  try {
    return parseJournal(data);
  } catch (error) {
    throw prefixed(`the datastore's record ${id} of this server's authorities cannot be used`, error);
  }
}

/** The active one stays, however long it takes to prepare a successor. */
function dropOldest(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  let surplus = entries.length - ENTRIES_KEPT;
  return entries.filter((entry) => entry.status === 'active' || surplus-- <= 0);
}
