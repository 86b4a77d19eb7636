import { mapInTurns, nextTurn } from '../../../runtime/next-turn.ts';
import type { RegistrationEntry, RegistrationEntryField } from '../../../spiffe/registration-entry.ts';
import { checkEntryUpdate, checkUpdatedEntry, recordNotFound, withoutEmptyAttributes } from '../entry-rules.ts';
import type { EntryUpdate } from '../entry-store.ts';
import { type ItemOutcome, outcomeOf } from '../item-outcome.ts';
import type { EntryParts, StoredEntry } from './entry-parts.ts';
import { findFederatedBundles, requireFederatedBundles, selectEntryRows, sortedNames } from './entry-queries.ts';
import { fromEntryRow, toEntryRow } from './entry-row.ts';
import { forEachPiece } from './in-pieces.ts';
import type { NoteChange, Queries } from './session.ts';

/** Entries that are written in one turn of the event loop. */
const WRITES_A_TURN = 100;

/**
 * Updates many entries in one transaction. Several updates of one entry take effect one after the other; its row is written
 * once. Those that fail have written nothing.
 */
export async function updateEntryRows(
  tx: Queries,
  note: NoteChange,
  updates: readonly EntryUpdate[],
  parts: EntryParts,
): Promise<ItemOutcome<RegistrationEntry>[]> {
  const rows = await selectEntryRows(
    tx,
    updates.map(({ entry }) => entry.id),
  );
  const before = new Map(rows.map((row) => [row.entry_id, { rowId: row.id, entry: fromEntryRow(row) }]));
  const federated = updates.filter(({ fields }) => counts(fields, 'federatesWith'));
  const bundles = await findFederatedBundles(
    tx,
    federated.map(({ entry }) => entry),
  );
  const after = new Map<string, StoredEntry>();
  const outcomes = await mapInTurns(updates, ({ entry, fields }) =>
    outcomeOf(() => {
      checkEntryUpdate(entry, fields);
      const current = after.get(entry.id) ?? before.get(entry.id);
      if (current === undefined) throw recordNotFound();
      const stored = mergeUpdate(current.entry, entry, fields);
      checkUpdatedEntry(stored);
      if (counts(fields, 'federatesWith')) requireFederatedBundles(bundles, entry.federatesWith);
      after.set(entry.id, { rowId: current.rowId, entry: stored });
      note({ kind: 'entry', entryId: stored.id, entry: stored });
      return stored;
    }),
  );
  await writeRows(tx, [...after.values()]);
  await rewriteParts(tx, [...after.values()], parts);
  return outcomes;
}

async function writeRows(tx: Queries, entries: readonly StoredEntry[]): Promise<void> {
  for (const [index, { rowId, entry }] of entries.entries()) {
    if (index > 0 && index % WRITES_A_TURN === 0) await nextTurn();
    await tx.updateTable('registered_entries').set(toEntryRow(entry)).where('id', '=', rowId).execute();
  }
}

async function rewriteParts(tx: Queries, entries: readonly StoredEntry[], parts: EntryParts): Promise<void> {
  const ids = entries.map(({ rowId }) => rowId);
  await forEachPiece(ids, async (some) => {
    await tx.deleteFrom('entry_selectors').where('entry', 'in', some).execute();
    await tx.deleteFrom('entry_federations').where('entry', 'in', some).execute();
  });
  await parts.insertSelectors(tx, entries);
  await parts.insertFederations(tx, entries);
}

function counts(fields: ReadonlySet<RegistrationEntryField> | undefined, field: RegistrationEntryField): boolean {
  return fields === undefined || fields.has(field);
}

function mergeUpdate(
  current: RegistrationEntry,
  update: RegistrationEntry,
  fields: ReadonlySet<RegistrationEntryField> | undefined,
): RegistrationEntry {
  const merged =
    fields === undefined
      ? update
      : { ...current, ...Object.fromEntries([...fields].map((field) => [field, update[field]])) };
  return {
    ...withoutEmptyAttributes(merged),
    id: current.id,
    federatesWith: sortedNames(merged.federatesWith),
    revisionNumber: current.revisionNumber + 1n,
    createdAtSeconds: current.createdAtSeconds,
  };
}
