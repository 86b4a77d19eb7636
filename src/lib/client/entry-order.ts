import { compareSelectors, type Selector } from '../spiffe/selector.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';

/** Puts entries, and the selectors of each, into the order in which SPIRE's `entry show` prints them. */
export function sortEntries(entries: readonly Entry[]): Entry[] {
  return entries
    .map((entry) => ({ ...entry, selectors: entry.selectors.toSorted(compareSelectors) }))
    .sort(compareEntries);
}

/**
 * A text for an entry: texts compare as {@link sortEntries} orders their entries. What stands in them holds no NUL, which
 * parts the fields.
 */
export function entryOrderKey(entry: Entry): string {
  const selectors = entry.selectors.toSorted(compareSelectors);
  return [
    ...idParts(entry.spiffeId),
    ...idParts(entry.parentId),
    ...[entry.x509SvidTtl, entry.jwtSvidTtl, selectors.length].map(sortableInteger),
    ...selectors.flatMap(({ type, value }) => [type, value]),
  ].join('\0');
}

function idParts(id: SPIFFEID | undefined): string[] {
  return [id?.trustDomain ?? '', id?.path ?? ''];
}

/** A 32-bit integer in digits that compare as the integers do. */
function sortableInteger(value: number): string {
  return String(value + 2 ** 31).padStart(10, '0');
}

/** By SPIFFE ID, parent, both lifetimes, then by the (sorted) selectors, of which fewer come first. */
function compareEntries(a: Entry, b: Entry): number {
  return (
    compareIds(a.spiffeId, b.spiffeId) ||
    compareIds(a.parentId, b.parentId) ||
    a.x509SvidTtl - b.x509SvidTtl ||
    a.jwtSvidTtl - b.jwtSvidTtl ||
    compareSelectorLists(a.selectors, b.selectors)
  );
}

function compareIds(a: SPIFFEID | undefined, b: SPIFFEID | undefined): number {
  return compareText(a?.trustDomain, b?.trustDomain) || compareText(a?.path, b?.path);
}

function compareText(a = '', b = ''): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareSelectorLists(a: readonly Selector[], b: readonly Selector[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (const [index, selector] of a.entries()) {
    const other = b[index];
    const order = other === undefined ? 1 : compareSelectors(selector, other);
    if (order !== 0) return order;
  }
  return 0;
}
