import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { RegistrationEntry, RegistrationEntryField } from '../../../spiffe/registration-entry.ts';
import { formatSelector } from '../../../spiffe/selector.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import {
  checkEntryUpdate,
  checkNewEntry,
  checkRepetition,
  checkUpdatedEntry,
  recordNotFound,
  repeated,
  withoutEmptyAttributes,
} from '../entry-rules.ts';
import type { CreatedEntry, EntryFilter, EntryStore } from '../entry-store.ts';
import type { Page, PageRequest } from '../pagination.ts';
import { entryConditions } from './entry-filter.ts';
import { type EntryRow, fromEntryRow, similarityOf, toEntryRow } from './entry-row.ts';
import { readPaged, type Window } from './paging.ts';
import type { NoteChange, Queries, SqlSession } from './session.ts';

/** Ids in one query. */
const IDS_AT_ONCE = 1000;

/** Registration entries in SQL tables. */
export class SqlEntryStore implements EntryStore {
  readonly #session: SqlSession;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(config: { session: SqlSession; clock: Pick<Clock, 'nowMs'> }) {
    this.#session = config.session;
    this.#clock = config.clock;
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

  listEntries(filter: EntryFilter, page?: PageRequest): Promise<Page<RegistrationEntry>> {
    return this.#session.read((db) => readPaged(page, (window) => selectEntries(db, filter, window), fromEntryRow));
  }

  async findEntry(entryId: string): Promise<RegistrationEntry | undefined> {
    const row = await this.#session.read((db) => selectEntry(db, entryId));
    return row === undefined ? undefined : fromEntryRow(row);
  }

  findEntries(entryIds: readonly string[]): Promise<ReadonlyMap<string, RegistrationEntry>> {
    return this.#session.read(async (db) => {
      const found = new Map<string, RegistrationEntry>();
      for (let start = 0; start < entryIds.length; start += IDS_AT_ONCE) {
        const rows = await db
          .selectFrom('registered_entries')
          .selectAll()
          .where('entry_id', 'in', entryIds.slice(start, start + IDS_AT_ONCE))
          .execute();
        for (const row of rows) found.set(row.entry_id, fromEntryRow(row));
      }
      return found;
    });
  }

  createEntry(entry: RegistrationEntry): Promise<CreatedEntry> {
    return this.#session.write(async (tx, note) => {
      checkNewEntry(entry);
      const similar = await tx
        .selectFrom('registered_entries')
        .selectAll()
        .where('similarity', '=', similarityOf(entry))
        .orderBy('id')
        .limit(1)
        .executeTakeFirst();
      if (similar !== undefined) return { entry: fromEntryRow(similar), created: false };
      if (entry.id !== '' && (await selectEntry(tx, entry.id)) !== undefined) {
        throw repeated('registered_entries.entry_id');
      }
      await checkFederations(tx, entry.federatesWith);
      checkRepetition(entry);
      const stored: RegistrationEntry = {
        ...withoutEmptyAttributes(entry),
        id: entry.id === '' ? randomUUID() : entry.id,
        federatesWith: sortedNames(entry.federatesWith),
        revisionNumber: 0n,
        createdAtSeconds: Math.round(this.#clock.nowMs() / 1000),
      };
      const row = await tx
        .insertInto('registered_entries')
        .values(toEntryRow(stored))
        .returning('id')
        .executeTakeFirstOrThrow();
      await insertFederations(tx, row.id, stored);
      await insertSelectors(tx, row.id, stored);
      note({ kind: 'entry', entryId: stored.id, entry: stored });
      return { entry: stored, created: true };
    });
  }

  updateEntry(entry: RegistrationEntry, fields?: ReadonlySet<RegistrationEntryField>): Promise<RegistrationEntry> {
    return this.#session.write(async (tx, note) => {
      checkEntryUpdate(entry, fields);
      const row = await selectEntry(tx, entry.id);
      if (row === undefined) throw recordNotFound();
      const stored = mergeUpdate(fromEntryRow(row), entry, fields);
      checkUpdatedEntry(stored);
      await tx.updateTable('registered_entries').set(toEntryRow(stored)).where('id', '=', row.id).execute();
      if (fields === undefined || fields.has('selectors')) {
        await tx.deleteFrom('entry_selectors').where('entry', '=', row.id).execute();
        await insertSelectors(tx, row.id, stored);
      }
      if (fields === undefined || fields.has('federatesWith')) {
        await checkFederations(tx, entry.federatesWith);
        await tx.deleteFrom('entry_federations').where('entry', '=', row.id).execute();
        await insertFederations(tx, row.id, stored);
      }
      note({ kind: 'entry', entryId: stored.id, entry: stored });
      return stored;
    });
  }

  deleteEntry(entryId: string): Promise<RegistrationEntry> {
    return this.#session.write(async (tx, note) => {
      const row = await selectEntry(tx, entryId);
      if (row === undefined) throw recordNotFound();
      await deleteEntryRows(tx, [row], note);
      return fromEntryRow(row);
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
  for (const row of rows) {
    await tx.deleteFrom('registered_entries').where('id', '=', row.id).execute();
    note({ kind: 'entry', entryId: row.entry_id, entry: undefined });
  }
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

async function insertSelectors(tx: Queries, rowId: number, entry: RegistrationEntry): Promise<void> {
  const rows = entry.selectors.map((selector) => ({ entry: rowId, selector: formatSelector(selector) }));
  await tx.insertInto('entry_selectors').values(rows).execute();
}

async function insertFederations(tx: Queries, rowId: number, entry: RegistrationEntry): Promise<void> {
  if (entry.federatesWith.length === 0) return;
  const rows = entry.federatesWith.map(({ name }) => ({ entry: rowId, trust_domain: name }));
  await tx.insertInto('entry_federations').values(rows).execute();
}

async function checkFederations(tx: Queries, trustDomains: readonly TrustDomain[]): Promise<void> {
  if (trustDomains.length === 0) return;
  const names = trustDomains.map((trustDomain) => trustDomain.name);
  const found = await tx.selectFrom('bundles').select('trust_domain').where('trust_domain', 'in', names).execute();
  const known = new Set(found.map((bundle) => bundle.trust_domain));
  const missing = names.find((name) => !known.has(name));
  if (missing === undefined) return;
  throw new SpirekitError('failed-precondition', `unable to find federated bundle "spiffe://${missing}"`);
}

function sortedNames(trustDomains: readonly TrustDomain[]): TrustDomain[] {
  const byName = new Map(trustDomains.map((trustDomain) => [trustDomain.name, trustDomain]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
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
