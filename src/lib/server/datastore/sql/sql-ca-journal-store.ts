import type { CaJournal, CaJournalStore } from '../ca-journal-store.ts';
import { recordNotFound } from '../entry-rules.ts';
import type { SqlSession } from './session.ts';

/** The journals of the servers' authorities in an SQL table. */
export class SqlCaJournalStore implements CaJournalStore {
  readonly #session: SqlSession;

  constructor(config: { session: SqlSession }) {
    this.#session = config.session;
  }

  async findCaJournal(activeX509AuthorityId: string): Promise<(CaJournal & { readonly id: number }) | undefined> {
    const journals = await this.listCaJournals();
    return journals.find((journal) => journal.activeX509AuthorityId === activeX509AuthorityId);
  }

  saveCaJournal(journal: CaJournal & { readonly id?: number | undefined }): Promise<number> {
    const columns = { active_x509_authority_id: journal.activeX509AuthorityId, data: journal.data };
    return this.#session.write(async (tx) => {
      if (journal.id === undefined) {
        const { id } = await tx.insertInto('ca_journals').values(columns).returning('id').executeTakeFirstOrThrow();
        return id;
      }
      const { numUpdatedRows } = await tx
        .updateTable('ca_journals')
        .set(columns)
        .where('id', '=', journal.id)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows !== 1n) throw recordNotFound();
      return journal.id;
    });
  }

  async listCaJournals(): Promise<readonly (CaJournal & { readonly id: number })[]> {
    const rows = await this.#session.read((db) => db.selectFrom('ca_journals').selectAll().orderBy('id').execute());
    return rows.map((row) => ({
      id: row.id,
      activeX509AuthorityId: row.active_x509_authority_id,
      data: new Uint8Array(row.data),
    }));
  }

  async deleteCaJournal(id: number): Promise<void> {
    await this.#session.write((tx) => tx.deleteFrom('ca_journals').where('id', '=', id).execute());
  }
}
