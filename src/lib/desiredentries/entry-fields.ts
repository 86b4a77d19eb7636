import type { Entry, EntryMask } from '../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';

/** A value of a field as people and programs see it. */
export type FieldValue = string | number | boolean | readonly string[];

/** A field of an entry that somebody may wish for. */
export interface EntryField {
  /** As SPIRE's `-data` files call it; `additional_attributes.` in front of what stands in there. */
  readonly name: string;
  /** In words, for sentences. */
  readonly words: string;
  /** What an update that changes it has to name. */
  readonly mask: keyof EntryMask;
  /** Sets are in order, so that equal ones have equal texts. */
  readonly valueOf: (entry: Entry) => FieldValue;
}

/** All of them. Of the ID and of what the server counts by itself nothing is said. */
export const ENTRY_FIELDS: readonly EntryField[] = [
  { name: 'spiffe_id', words: 'SPIFFE ID', mask: 'spiffeId', valueOf: ({ spiffeId }) => idName(spiffeId) },
  { name: 'parent_id', words: 'parent ID', mask: 'parentId', valueOf: ({ parentId }) => idName(parentId) },
  { name: 'selectors', words: 'set of selectors', mask: 'selectors', valueOf: selectorNames },
  { name: 'x509_svid_ttl', words: 'X509-SVID TTL', mask: 'x509SvidTtl', valueOf: ({ x509SvidTtl }) => x509SvidTtl },
  { name: 'jwt_svid_ttl', words: 'JWT-SVID TTL', mask: 'jwtSvidTtl', valueOf: ({ jwtSvidTtl }) => jwtSvidTtl },
  {
    name: 'federates_with',
    words: 'set of federated trust domains',
    mask: 'federatesWith',
    // Servers list them with or without the scheme.
    valueOf: ({ federatesWith }) => federatesWith.map((name) => name.replace(/^spiffe:\/\//, '')).sort(),
  },
  { name: 'admin', words: 'admin flag', mask: 'admin', valueOf: ({ admin }) => admin },
  { name: 'downstream', words: 'downstream flag', mask: 'downstream', valueOf: ({ downstream }) => downstream },
  { name: 'entryExpiry', words: 'expiry', mask: 'expiresAt', valueOf: ({ expiresAt }) => String(expiresAt) },
  // The first one is also the common name, so their order counts.
  { name: 'dns_names', words: 'list of DNS names', mask: 'dnsNames', valueOf: ({ dnsNames }) => dnsNames },
  { name: 'store_svid', words: 'store SVID flag', mask: 'storeSvid', valueOf: ({ storeSvid }) => storeSvid },
  { name: 'hint', words: 'hint', mask: 'hint', valueOf: ({ hint }) => hint },
  {
    name: 'additional_attributes.disable_x509_svid_prefetch',
    words: 'prefetch flag',
    mask: 'additionalAttributes',
    valueOf: ({ additionalAttributes }) => additionalAttributes?.disableX509SvidPrefetch ?? false,
  },
  {
    name: 'additional_attributes.jwt_svid_include_jti',
    words: 'jti flag',
    mask: 'additionalAttributes',
    valueOf: ({ additionalAttributes }) => additionalAttributes?.jwtSvidIncludeJti ?? false,
  },
];

/** A field whose values differ. */
export interface FieldChange {
  readonly field: EntryField;
  readonly before: FieldValue;
  readonly after: FieldValue;
}

/** What makes one entry of the other. */
export function fieldChanges(before: Entry, after: Entry): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const field of ENTRY_FIELDS) {
    const [old, fresh] = [field.valueOf(before), field.valueOf(after)];
    if (!isSame(old, fresh)) changes.push({ field, before: old, after: fresh });
  }
  return changes;
}

/** Two entries are the same identity for the same workload if these are equal, whatever their IDs. */
export function entryKey(entry: Entry): string {
  return JSON.stringify([idName(entry.spiffeId), idName(entry.parentId), selectorNames(entry)]);
}

/** An ID as people write it; empty where there is none. */
export function idName(id: SPIFFEID | undefined): string {
  return id === undefined ? '' : `spiffe://${id.trustDomain}${id.path}`;
}

/** The selectors as people write them, in order. */
export function selectorNames({ selectors }: Pick<Entry, 'selectors'>): string[] {
  return selectors.map(({ type, value }) => `${type}:${value}`).sort();
}

function isSame(one: FieldValue, other: FieldValue): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
