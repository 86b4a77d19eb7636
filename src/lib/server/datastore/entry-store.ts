import type { RegistrationEntry, RegistrationEntryField } from '../../spiffe/registration-entry.ts';
import type { Selector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { ItemOutcome } from './item-outcome.ts';
import type { OrderedPageRequest, Page } from './pagination.ts';

/**
 * How a set in a filter is compared with the set of a row: equal, row within filter, row contains filter, or at least
 * one in common.
 */
export type SetMatch = 'exact' | 'subset' | 'superset' | 'any';

/** All given conditions must hold; an absent one filters nothing. */
export interface EntryFilter {
  readonly parentId?: SpiffeId | undefined;
  readonly spiffeId?: SpiffeId | undefined;
  readonly selectors?: { readonly match: SetMatch; readonly values: readonly Selector[] } | undefined;
  readonly federatesWith?: { readonly match: SetMatch; readonly values: readonly TrustDomain[] } | undefined;
  readonly hint?: string | undefined;
  /** SPIRE has no filter for "not downstream", so neither has this. */
  readonly downstream?: true | undefined;
}

/** What came of a create: a new entry, or the one with the same SPIFFE ID, parent and selectors that was there before. */
export interface CreatedEntry {
  readonly entry: RegistrationEntry;
  readonly created: boolean;
}

/** An entry whose given fields are to replace those of the stored one (all when absent). */
export interface EntryUpdate {
  readonly entry: RegistrationEntry;
  readonly fields?: ReadonlySet<RegistrationEntryField> | undefined;
}

/** Registration entries. */
export interface EntryStore {
  countEntries(filter: EntryFilter): Promise<number>;
  listEntries(filter: EntryFilter, page?: OrderedPageRequest): Promise<Page<RegistrationEntry>>;
  findEntry(entryId: string): Promise<RegistrationEntry | undefined>;
  /** Those of the given ids that exist, by id. */
  findEntries(entryIds: readonly string[]): Promise<ReadonlyMap<string, RegistrationEntry>>;
  /**
   * Stores an entry; an empty id becomes a UUID. Errors: `failed-precondition` when the bundle of a trust domain to
   * federate with is missing, `already-exists` for an id that is taken, `invalid-argument` for what cannot be stored.
   */
  createEntry(entry: RegistrationEntry): Promise<CreatedEntry>;
  /**
   * Replaces the given fields (all when absent) and raises the revision number. Errors: `not-found`, and those of
   * {@link createEntry}. An update may make an entry similar to another, as in SPIRE.
   */
  updateEntry(entry: RegistrationEntry, fields?: ReadonlySet<RegistrationEntryField>): Promise<RegistrationEntry>;
  /** Returns what it deleted. Error: `not-found`. */
  deleteEntry(entryId: string): Promise<RegistrationEntry>;
  /**
   * {@link createEntry} for many: one atomic write, in which each item has its own outcome, as if they came one after the
   * other. Rejects only when all of it is lost, as on a full disk.
   */
  createEntries(entries: readonly RegistrationEntry[]): Promise<readonly ItemOutcome<CreatedEntry>[]>;
  /** {@link updateEntry} for many, as {@link createEntries} is {@link createEntry}. */
  updateEntries(updates: readonly EntryUpdate[]): Promise<readonly ItemOutcome<RegistrationEntry>[]>;
  /** {@link deleteEntry} for many, as {@link createEntries} is {@link createEntry}. */
  deleteEntries(entryIds: readonly string[]): Promise<readonly ItemOutcome<RegistrationEntry>[]>;
  /** Deletes what expired before the given time in seconds; returns how many. */
  pruneEntries(expiredBeforeSeconds: number): Promise<number>;
}
