import type { Clock } from '../../../runtime/clock.ts';
import { mapInTurns } from '../../../runtime/next-turn.ts';
import type { RegistrationEntry, RegistrationEntryField } from '../../../spiffe/registration-entry.ts';
import { recordNotFound } from '../entry-rules.ts';
import type { CreatedEntry, EntryFilter, EntryStore, EntryUpdate } from '../entry-store.ts';
import { type ItemOutcome, onlyValue, outcomeOf } from '../item-outcome.ts';
import type { OrderedPageRequest, Page } from '../pagination.ts';
import { EntryCreation } from './entry-creation.ts';
import { entryConditions } from './entry-filter.ts';
import { EntryParts } from './entry-parts.ts';
import { selectEntryRows } from './entry-queries.ts';
import { type EntryRow, fromEntryRow } from './entry-row.ts';
import { updateEntryRows } from './entry-update.ts';
import { forEachPiece } from './in-pieces.ts';
import { pagedBy, readPaged, type Window } from './paging.ts';
import type { NoteChange, Queries, StoreSession } from './session.ts';
import { BY_SPIFFE_ID, type SpiffeIdPlace } from './spiffe-id-order.ts';

/** Registration entries in SQL tables. */
export class SqlEntryStore implements EntryStore {
  readonly #session: StoreSession;
  readonly #parts = new EntryParts();
  readonly #creation: EntryCreation;

  constructor(config: { session: StoreSession; clock: Pick<Clock, 'nowMs'> }) {
    this.#session = config.session;
    this.#creation = new EntryCreation({ clock: config.clock, parts: this.#parts });
  }

  countEntries(filter: EntryFilter): Promise<number> {
    return this.#session.read(async (db) => {
      const { count } = await db
        .selectFrom('registered_entries as e')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where((eb) => eb.and(entryConditions(eb, filter)))
        .executeTakeFirstOrThrow();
      return Number(count);
    });
  }

  listEntries(filter: EntryFilter, page?: OrderedPageRequest): Promise<Page<RegistrationEntry>> {
    return this.#session.read((db) => {
      if (page?.order !== 'spiffe-id') {
        return readPaged(page, (window) => selectEntries(db, filter, window), fromEntryRow);
      }
      const read = ({ after, limit }: { after: SpiffeIdPlace; limit: number }) =>
        selectEntriesAfter(db, filter, after, limit);
      return pagedBy(BY_SPIFFE_ID, page, read, fromEntryRow);
    });
  }

  async findEntry(entryId: string): Promise<RegistrationEntry | undefined> {
    const row = await this.#session.read((db) => selectEntry(db, entryId));
    return row === undefined ? undefined : fromEntryRow(row);
  }

  findEntries(entryIds: readonly string[]): Promise<ReadonlyMap<string, RegistrationEntry>> {
    return this.#session.read(async (db) => {
      const rows = await selectEntryRows(db, entryIds);
      return new Map(rows.map((row) => [row.entry_id, fromEntryRow(row)]));
    });
  }

  async createEntry(entry: RegistrationEntry): Promise<CreatedEntry> {
    return onlyValue(await this.createEntries([entry]));
  }

  async updateEntry(
    entry: RegistrationEntry,
    fields?: ReadonlySet<RegistrationEntryField>,
  ): Promise<RegistrationEntry> {
    return onlyValue(await this.updateEntries([{ entry, fields }]));
  }

  async deleteEntry(entryId: string): Promise<RegistrationEntry> {
    return onlyValue(await this.deleteEntries([entryId]));
  }

  createEntries(entries: readonly RegistrationEntry[]): Promise<readonly ItemOutcome<CreatedEntry>[]> {
    return this.#session.write((tx, note) => this.#creation.create(tx, note, entries));
  }

  updateEntries(updates: readonly EntryUpdate[]): Promise<readonly ItemOutcome<RegistrationEntry>[]> {
    return this.#session.write((tx, note) => updateEntryRows(tx, note, updates, this.#parts));
  }

  deleteEntries(entryIds: readonly string[]): Promise<readonly ItemOutcome<RegistrationEntry>[]> {
    return this.#session.write(async (tx, note) => {
      const rows = await selectEntryRows(tx, entryIds);
      await deleteEntryRows(tx, rows, note);
      const deleted = new Map(rows.map((row) => [row.entry_id, row]));
      return mapInTurns(entryIds, (entryId) =>
        outcomeOf(() => {
          const row = deleted.get(entryId);
          if (row === undefined) throw recordNotFound();
          // Named again, it is not there any more.
          deleted.delete(entryId);
          return fromEntryRow(row);
        }),
      );
    });
  }

  pruneEntries(expiredBeforeSeconds: number): Promise<number> {
    return this.#session.write(async (tx, note) => {
      const rows = await tx
        .selectFrom('registered_entries')
        .select(['id', 'entry_id'])
        .where('expires_at', '>', 0)
        .where('expires_at', '<', expiredBeforeSeconds)
        .execute();
      await deleteEntryRows(tx, rows, note);
      return rows.length;
    });
  }
}

/** Deletes entries; what belongs to them goes by the foreign keys. */
export async function deleteEntryRows(
  tx: Queries,
  rows: readonly Pick<EntryRow, 'id' | 'entry_id'>[],
  note: NoteChange,
): Promise<void> {
  const ids = rows.map(({ id }) => id);
  await forEachPiece(ids, (some) => tx.deleteFrom('registered_entries').where('id', 'in', some).execute());
  for (const { entry_id } of rows) note({ kind: 'entry', entryId: entry_id, entry: undefined });
}

function selectEntry(db: Queries, entryId: string): Promise<EntryRow | undefined> {
  return db.selectFrom('registered_entries').selectAll().where('entry_id', '=', entryId).executeTakeFirst();
}

function selectEntries(db: Queries, filter: EntryFilter, window: Window): Promise<EntryRow[]> {
  return db
    .selectFrom('registered_entries as e')
    .selectAll('e')
    .where((eb) => eb.and(entryConditions(eb, filter)))
    .where('e.id', '>', window.afterId)
    .orderBy('e.id')
    .limit(window.limit)
    .execute();
}

function selectEntriesAfter(
  db: Queries,
  filter: EntryFilter,
  { spiffeId, rowId }: SpiffeIdPlace,
  limit: number,
): Promise<EntryRow[]> {
  return (
    db
      .selectFrom('registered_entries as e')
      .selectAll('e')
      .where((eb) => eb.and(entryConditions(eb, filter)))
      // Alone it would be enough to find the place in the index.
      .where('e.spiffe_id', '>=', spiffeId)
      .where((eb) => eb.or([eb('e.spiffe_id', '>', spiffeId), eb('e.id', '>', rowId)]))
      .orderBy('e.spiffe_id')
      .orderBy('e.id')
      .limit(limit)
      .execute()
  );
}
