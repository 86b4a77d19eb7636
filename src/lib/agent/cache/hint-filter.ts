import { type AuthorizedEntry, compareEntries } from './authorized-entry.ts';

/** What the choice between entries of one hint looks at. */
type HintedEntry = Pick<AuthorizedEntry, 'id' | 'hint' | 'createdAtSeconds'>;

/**
 * The entries that a workload gets to see: of those that share a hint only the one created first, or the one with the
 * first id if they were created in the same second (Workload API section 5.2.1: hints are unique in a response). Keeps
 * the order.
 *
 * @param onDropped told of each entry that is left out
 */
export function filterHints<E>(
  items: readonly E[],
  entryOf: (item: E) => HintedEntry,
  onDropped: (entry: HintedEntry) => void = () => {},
): E[] {
  const winners = new Map<string, HintedEntry>();
  for (const item of items) {
    const entry = entryOf(item);
    const best = winners.get(entry.hint);
    if (entry.hint !== '' && (best === undefined || isPreferred(entry, best))) winners.set(entry.hint, entry);
  }
  return items.filter((item) => {
    const entry = entryOf(item);
    const isKept = entry.hint === '' || winners.get(entry.hint) === entry;
    if (!isKept) onDropped(entry);
    return isKept;
  });
}

function isPreferred(a: HintedEntry, b: HintedEntry): boolean {
  if (a.createdAtSeconds !== b.createdAtSeconds) return a.createdAtSeconds < b.createdAtSeconds;
  return compareEntries(a, b) < 0;
}
