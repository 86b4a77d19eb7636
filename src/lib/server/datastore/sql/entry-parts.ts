import type { RegistrationEntry } from '../../../spiffe/registration-entry.ts';
import { formatSelector } from '../../../spiffe/selector.ts';
import { RowInserter } from './row-inserter.ts';
import type { Queries } from './session.ts';

/** A stored entry and the id of its row. */
export interface StoredEntry {
  readonly rowId: number;
  readonly entry: RegistrationEntry;
}

/** Writes the rows by which entries are found: those of their selectors and of the trust domains they federate with. */
export class EntryParts {
  readonly #selectors = new RowInserter((tx: Queries, rows: readonly { entry: number; selector: string }[]) =>
    tx.insertInto('entry_selectors').values(rows),
  );
  readonly #federations = new RowInserter((tx: Queries, rows: readonly { entry: number; trust_domain: string }[]) =>
    tx.insertInto('entry_federations').values(rows),
  );

  async insertSelectors(tx: Queries, stored: readonly StoredEntry[]): Promise<void> {
    const rows = stored.flatMap(({ rowId, entry }) =>
      entry.selectors.map((selector) => ({ entry: rowId, selector: formatSelector(selector) })),
    );
    await this.#selectors.insert(tx, rows);
  }

  async insertFederations(tx: Queries, stored: readonly StoredEntry[]): Promise<void> {
    const rows = stored.flatMap(({ rowId, entry }) =>
      entry.federatesWith.map(({ name }) => ({ entry: rowId, trust_domain: name })),
    );
    await this.#federations.insert(tx, rows);
  }
}
