/** The record of a server's authorities: opaque to the store. */
export interface CaJournal {
  /** Subject key identifier in hex of the X.509 authority that signs now. */
  readonly activeX509AuthorityId: string;
  readonly data: Uint8Array;
}

/** Journals of the servers that share a datastore, one per server. */
export interface CaJournalStore {
  /** Finds the journal of the server whose active authority has this id. */
  findCaJournal(activeX509AuthorityId: string): Promise<(CaJournal & { readonly id: number }) | undefined>;
  /** Creates a journal (no `id`) or replaces one; returns its id. Error: `not-found` for an id that is gone. */
  saveCaJournal(journal: CaJournal & { readonly id?: number | undefined }): Promise<number>;
  listCaJournals(): Promise<readonly (CaJournal & { readonly id: number })[]>;
  deleteCaJournal(id: number): Promise<void>;
}
