import { SpirekitError } from '../runtime/errors.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { DesiredEntry, DesiredState } from './desired-entry.ts';
import { entryKey, type FieldChange, fieldChanges, idName } from './entry-fields.ts';
import { type OwnerPrefix, ownedId } from './owner.ts';
import { type Place, placeName } from './source-file.ts';

/** An entry that the server lacks. */
export interface AddedEntry {
  /** With the ID that it will have. */
  readonly entry: Entry;
  readonly place: Place;
  /** Another entry has its SPIFFE ID, parent and selectors until that one has been changed. */
  readonly isLate: boolean;
}

/** An entry that the server has otherwise. */
export interface ChangedEntry {
  readonly before: Entry;
  /** As it is wanted, under the ID that it has. */
  readonly after: Entry;
  readonly changes: readonly FieldChange[];
  readonly place: Place;
}

/** An entry that is to go. */
export interface RemovedEntry {
  readonly before: Entry;
  /** Where a file says so; none for what no file of its owner names any more. */
  readonly place: Place | undefined;
}

/** An entry that the server has as it is wanted. */
export interface UnchangedEntry {
  readonly entry: Entry;
  readonly place: Place;
}

/** An entry that another owner has made already: it is left alone, and may differ from what is wanted. */
export interface ForeignEntry {
  readonly existing: Entry;
  readonly changes: readonly FieldChange[];
  readonly place: Place;
}

/** What makes a server have what files say. */
export interface Plan {
  readonly trustDomain: string;
  readonly added: readonly AddedEntry[];
  readonly changed: readonly ChangedEntry[];
  readonly removed: readonly RemovedEntry[];
  readonly same: readonly UnchangedEntry[];
  readonly foreign: readonly ForeignEntry[];
  /** Entries of the owner that no file names and that stay since nobody asked to prune. */
  readonly unnamed: readonly Entry[];
  readonly classNames: readonly string[];
}

/** How desired entries are held against those of a server. */
export interface PlanOptions {
  /** The server's own. */
  readonly trustDomain: string;
  /** Only entries of this owner are changed or removed. */
  readonly owner?: OwnerPrefix | undefined;
  /** Whether entries of the owner that no file names are removed. */
  readonly prune: boolean;
  /** Makes an ID for an entry that has no owner. */
  readonly makeId: () => string;
}

/**
 * Finds for each desired entry the one of the server that it means:
 *
 * 1. the one with the ID that the file gives;
 * 2. else the one with the same SPIFFE ID, parent and selectors, which no other desired entry means by its ID; it keeps its
 *    own ID. With an owner, one that is not the owner's is foreign: it is told of and left alone;
 * 3. else, with an owner, the one with the ID that an entry of that owner with this SPIFFE ID, parent and selectors gets.
 *
 * What finds none is added. Only fields that differ are changed; a field that a file leaves out has its default.
 *
 * @throws SpirekitError `invalid-argument` for files that contradict each other or the owner, or are of another trust
 *   domain; with their places
 */
export function makePlan(desired: DesiredState, existing: readonly Entry[], options: PlanOptions): Plan {
  checkDesired(desired, options);
  const matching = new Matching(existing, options.owner);
  const wanted = desired.entries.map((each) => ({ ...each, key: entryKey(each.entry) }));
  const byId = wanted.filter(({ entry }) => entry.id !== '' && matching.claimId(entry.id));
  const found = new Map<Wanted, Entry>(byId.map((each) => [each, matching.get(each.entry.id)]));
  const foreign: ForeignEntry[] = [];
  const isOpen = (each: Wanted): boolean => !found.has(each);
  const left: Wanted[] = [];
  for (const each of wanted.filter(isOpen)) {
    const holder = matching.findByKey(each.key);
    if (holder === undefined) left.push(each);
    else if (matching.claim(holder)) found.set(each, holder);
    else foreign.push({ existing: holder, changes: fieldChanges(holder, each.entry), place: each.place });
  }
  const added: AddedEntry[] = [];
  for (const each of left) {
    const made = options.owner === undefined ? undefined : matching.claimMade(ownedId(options.owner, each.key));
    if (made !== undefined) found.set(each, made);
    else added.push(addition(each, matching, options));
  }
  const changed: ChangedEntry[] = [];
  const same: UnchangedEntry[] = [];
  for (const each of wanted) {
    const before = found.get(each);
    if (before === undefined) continue;
    const after = { ...each.entry, id: before.id };
    const changes = fieldChanges(before, after);
    if (changes.length === 0) same.push({ entry: before, place: each.place });
    else changed.push({ before, after, changes, place: each.place });
  }
  const { removed, unnamed } = removals(desired, matching, options);
  refuseDoubles(changed, removed, existing);
  return {
    trustDomain: options.trustDomain,
    added,
    changed,
    removed,
    same,
    foreign,
    unnamed,
    classNames: desired.classNames,
  };
}

/** Servers let a change make two entries the same, of which workloads then get one identity twice. */
function refuseDoubles(
  changed: readonly ChangedEntry[],
  removed: readonly RemovedEntry[],
  existing: readonly Entry[],
): void {
  const moving = new Set([...changed, ...removed].map(({ before }) => before.id));
  const staying = new Map(existing.filter(({ id }) => !moving.has(id)).map((entry) => [entryKey(entry), entry]));
  for (const { before, after, place } of changed) {
    const other = staying.get(entryKey(after));
    if (other === undefined || entryKey(before) === entryKey(after)) continue;
    throw new SpirekitError(
      'invalid-argument',
      `${placeName(place)}: entry ${before.id} would become the same as entry ${other.id}, which is there and stays`,
    );
  }
}

/** Whether carrying the plan out would change the server. */
export function changesAnything({ added, changed, removed }: Plan): boolean {
  return added.length + changed.length + removed.length > 0;
}

/** Foreign entries that are not as files want them. */
export function conflictsOf({ foreign }: Plan): readonly ForeignEntry[] {
  return foreign.filter(({ changes }) => changes.length > 0);
}

interface Wanted extends DesiredEntry {
  readonly key: string;
}

function addition(each: Wanted, matching: Matching, { owner, makeId }: PlanOptions): AddedEntry {
  let { id } = each.entry;
  if (id === '' && owner === undefined) id = makeId();
  for (let attempt = 0; id === '' || (each.entry.id === '' && matching.has(id)); attempt += 1) {
    id = owner === undefined ? makeId() : ownedId(owner, each.key, attempt);
  }
  return { entry: { ...each.entry, id }, place: each.place, isLate: matching.hasKey(each.key) };
}

function removals(
  { unwanted }: DesiredState,
  matching: Matching,
  { owner, prune }: PlanOptions,
): Pick<Plan, 'removed' | 'unnamed'> {
  const removed: RemovedEntry[] = [];
  for (const { id, place } of unwanted) {
    if (matching.isClaimed(id)) {
      throw new SpirekitError('invalid-argument', `${placeName(place)}: entry ${id} is to go, and to be there as well`);
    }
    const before = matching.find(id);
    if (before !== undefined && matching.claim(before)) removed.push({ before, place });
  }
  if (owner === undefined) return { removed, unnamed: [] };
  const unnamed = matching.unclaimedOf(owner);
  if (!prune) return { removed, unnamed };
  for (const before of unnamed) removed.push({ before, place: undefined });
  return { removed, unnamed: [] };
}

/** The entries of a server, and which of them a desired entry means already. */
class Matching {
  readonly #byId = new Map<string, Entry>();
  readonly #byKey = new Map<string, Entry[]>();
  readonly #claimed = new Set<string>();
  readonly #existing: readonly Entry[];
  readonly #owner: OwnerPrefix | undefined;

  constructor(existing: readonly Entry[], owner: OwnerPrefix | undefined) {
    this.#existing = existing;
    this.#owner = owner;
    for (const entry of existing) {
      this.#byId.set(entry.id, entry);
      const key = entryKey(entry);
      const alike = this.#byKey.get(key);
      if (alike === undefined) this.#byKey.set(key, [entry]);
      else alike.push(entry);
    }
  }

  find(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  get(id: string): Entry {
    const entry = this.find(id);
    if (entry === undefined) throw new SpirekitError('internal', `there is no entry ${id}`);
    return entry;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  hasKey(key: string): boolean {
    return this.#byKey.has(key);
  }

  isClaimed(id: string): boolean {
    return this.#claimed.has(id);
  }

  /** One that nobody means yet; of the owner if there is such a one. */
  findByKey(key: string): Entry | undefined {
    const free = (this.#byKey.get(key) ?? []).filter(({ id }) => !this.#claimed.has(id));
    return free.find((entry) => this.#isOwn(entry)) ?? free[0];
  }

  /** False for an entry of another owner. */
  claim(entry: Entry): boolean {
    if (!this.#isOwn(entry)) return false;
    this.#claimed.add(entry.id);
    return true;
  }

  claimId(id: string): boolean {
    const entry = this.find(id);
    return entry !== undefined && this.claim(entry);
  }

  claimMade(id: string): Entry | undefined {
    return !this.isClaimed(id) && this.claimId(id) ? this.find(id) : undefined;
  }

  unclaimedOf(owner: OwnerPrefix): Entry[] {
    return this.#existing.filter(({ id }) => id.startsWith(owner) && !this.#claimed.has(id));
  }

  #isOwn({ id }: Entry): boolean {
    return this.#owner === undefined || id.startsWith(this.#owner);
  }
}

function checkDesired({ entries, unwanted }: DesiredState, { trustDomain, owner }: PlanOptions): void {
  const ids = new Map<string, Place>();
  const keys = new Map<string, Place>();
  const refuse = (place: Place, reason: string): never => {
    throw new SpirekitError('invalid-argument', `${placeName(place)}: ${reason}`);
  };
  for (const { entry, place } of entries) {
    const name = idName(entry.spiffeId);
    if (entry.spiffeId?.trustDomain !== trustDomain)
      refuse(place, `${name} is not of the server's trust domain ${trustDomain}`);
    if (entry.id !== '') {
      const other = ids.get(entry.id);
      if (other !== undefined) refuse(place, `entry ${entry.id} is also at ${placeName(other)}`);
      ids.set(entry.id, place);
      if (owner !== undefined && !entry.id.startsWith(owner)) {
        refuse(place, `the ID ${entry.id} does not begin with that of the owner, ${owner}`);
      }
    }
    const key = entryKey(entry);
    const other = keys.get(key);
    if (other !== undefined) {
      refuse(place, `${name} with the same parent and selectors is also at ${placeName(other)}`);
    }
    keys.set(key, place);
  }
  for (const { id, place } of unwanted) {
    if (owner !== undefined && !id.startsWith(owner)) {
      refuse(place, `the ID ${id} does not begin with that of the owner, ${owner}`);
    }
  }
}
