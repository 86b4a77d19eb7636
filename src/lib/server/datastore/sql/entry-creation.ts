import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import { mapInTurns } from '../../../runtime/next-turn.ts';
import type { RegistrationEntry } from '../../../spiffe/registration-entry.ts';
import { checkNewEntry, checkRepetition, repeated, withoutEmptyAttributes } from '../entry-rules.ts';
import type { CreatedEntry } from '../entry-store.ts';
import { type ItemOutcome, outcomeOf } from '../item-outcome.ts';
import type { EntryParts } from './entry-parts.ts';
import { findFederatedBundles, requireFederatedBundles, selectEntryRows, sortedNames } from './entry-queries.ts';
import { type EntryRow, fromEntryRow, similarityOf, toEntryRow } from './entry-row.ts';
import { selectInPieces } from './in-pieces.ts';
import { RowInserter } from './row-inserter.ts';
import type { NoteChange, Queries } from './session.ts';

/** An entry that somebody wants to have stored, with what tells it from others. */
interface EntryDraft {
  readonly entry: RegistrationEntry;
  readonly similarity: string;
}

/**
 * Creates many entries in one transaction, by few statements: what is there is read at the start, and what the items of the
 * batch mean to each other is kept in memory.
 */
export class EntryCreation {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #parts: EntryParts;
  readonly #entries = new RowInserter((tx: Queries, rows: readonly Omit<EntryRow, 'id'>[]) =>
    tx.insertInto('registered_entries').values(rows).returning(['id', 'entry_id']),
  );

  constructor(config: { clock: Pick<Clock, 'nowMs'>; parts: EntryParts }) {
    this.#clock = config.clock;
    this.#parts = config.parts;
  }

  /** Those that fail have written nothing. */
  async create(
    tx: Queries,
    note: NoteChange,
    entries: readonly RegistrationEntry[],
  ): Promise<ItemOutcome<CreatedEntry>[]> {
    const drafts = await mapInTurns(entries, (entry) => outcomeOf(() => draft(entry)));
    const wanted = drafts.flatMap((each) => (each.ok ? [each.value] : []));
    const present = await this.#findPresent(tx, wanted);
    const created: EntryDraft[] = [];
    const outcomes = await mapInTurns(drafts, (each): ItemOutcome<CreatedEntry> => {
      if (!each.ok) return each;
      const { entry, similarity } = each.value;
      return outcomeOf(() => {
        const similar = present.similar.get(similarity);
        if (similar !== undefined) return { entry: similar, created: false };
        if (present.ids.has(entry.id)) throw repeated('registered_entries.entry_id');
        requireFederatedBundles(present.bundles, entry.federatesWith);
        checkRepetition(entry);
        const stored = this.#asCreated(entry);
        present.similar.set(similarity, stored);
        present.ids.add(stored.id);
        created.push({ entry: stored, similarity });
        return { entry: stored, created: true };
      });
    });
    await this.#write(tx, created);
    for (const { entry } of created) note({ kind: 'entry', entryId: entry.id, entry });
    return outcomes;
  }

  async #findPresent(tx: Queries, wanted: readonly EntryDraft[]): Promise<Present> {
    const similarRows = await selectInPieces(
      wanted.map(({ similarity }) => similarity),
      (similarities) =>
        tx.selectFrom('registered_entries').selectAll().where('similarity', 'in', similarities).orderBy('id').execute(),
    );
    const similar = new Map<string, RegistrationEntry>();
    // Updates can make entries similar; the oldest counts.
    for (const row of similarRows) if (!similar.has(row.similarity)) similar.set(row.similarity, fromEntryRow(row));
    const chosenIds = wanted.flatMap(({ entry }) => (entry.id === '' ? [] : [entry.id]));
    const entries = wanted.map(({ entry }) => entry);
    return {
      similar,
      ids: new Set((await selectEntryRows(tx, chosenIds)).map((row) => row.entry_id)),
      bundles: await findFederatedBundles(tx, entries),
    };
  }

  #asCreated(entry: RegistrationEntry): RegistrationEntry {
    return {
      ...withoutEmptyAttributes(entry),
      id: entry.id === '' ? randomUUID() : entry.id,
      federatesWith: sortedNames(entry.federatesWith),
      revisionNumber: 0n,
      createdAtSeconds: Math.round(this.#clock.nowMs() / 1000),
    };
  }

  async #write(tx: Queries, created: readonly EntryDraft[]): Promise<void> {
    const rows = await mapInTurns(created, ({ entry, similarity }) => toEntryRow(entry, similarity));
    const inserted = await this.#entries.insert(tx, rows);
    const rowIds = new Map(inserted.map(({ id, entry_id }) => [entry_id, id]));
    const stored = created.map(({ entry }) => {
      const rowId = rowIds.get(entry.id);
      if (rowId === undefined) throw new SpirekitError('internal', 'datastore-sql: an inserted entry has no row');
      return { rowId, entry };
    });
    await this.#parts.insertFederations(tx, stored);
    await this.#parts.insertSelectors(tx, stored);
  }
}

function draft(entry: RegistrationEntry): EntryDraft {
  checkNewEntry(entry);
  return { entry, similarity: similarityOf(entry) };
}

/** What stands in the way of new entries, kept up to date while they are gone through. */
interface Present {
  readonly similar: Map<string, RegistrationEntry>;
  readonly ids: Set<string>;
  readonly bundles: ReadonlySet<string>;
}
