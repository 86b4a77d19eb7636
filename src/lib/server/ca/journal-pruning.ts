import type { Logger } from '../../runtime/logger.ts';
import type { CaJournalStore } from '../datastore/ca-journal-store.ts';
import { parseJournal } from './journal-format.ts';

/** A journal is kept this long after the last of its X.509 authorities ended. */
const SAFETY_SECONDS = 14 * 24 * 60 * 60;

/** Deletes the journals of servers that are gone for long. One that cannot be read stays: its server must refuse it. */
export async function pruneCaJournals(store: CaJournalStore, nowSeconds: number, log: Logger): Promise<void> {
  for (const { id, data } of await store.listCaJournals()) {
    try {
      const ends = parseJournal(data).x509Cas.map((entry) => entry.notAfterSeconds);
      if (Math.max(0, ...ends) >= nowSeconds - SAFETY_SECONDS) continue;
    } catch (error) {
      log.warn('Unable to read a CA journal', { ca_journal_id: id, error });
      continue;
    }
    await store.deleteCaJournal(id);
  }
}
