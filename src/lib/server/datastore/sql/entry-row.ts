import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { EntryAttributes, RegistrationEntry } from '../../../spiffe/registration-entry.ts';
import { formatSelector, parseSelector } from '../../../spiffe/selector.ts';
import { SpiffeId } from '../../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../spiffe/trust-domain.ts';
import { isRecord, readJson, readRow, readTextList } from './json-column.ts';
import type { EntryTable } from './schema.ts';

export type EntryRow = Selectable<EntryTable>;

/** The row of an entry, without the row id that the database gives; its similarity may be known already. */
export function toEntryRow(entry: RegistrationEntry, similarity = similarityOf(entry)): Omit<EntryRow, 'id'> {
  return {
    entry_id: entry.id,
    spiffe_id: entry.spiffeId.toString(),
    parent_id: entry.parentId.toString(),
    selectors: JSON.stringify(entry.selectors.map(formatSelector)),
    selector_count: entry.selectors.length,
    similarity,
    federates_with: JSON.stringify(entry.federatesWith.map((trustDomain) => trustDomain.name)),
    federation_count: entry.federatesWith.length,
    dns_names: JSON.stringify(entry.dnsNames),
    x509_svid_ttl: entry.x509SvidTtlSeconds,
    jwt_svid_ttl: entry.jwtSvidTtlSeconds,
    admin: Number(entry.admin),
    downstream: Number(entry.downstream),
    store_svid: Number(entry.storeSvid),
    hint: entry.hint,
    attributes: entry.additionalAttributes === undefined ? null : JSON.stringify(entry.additionalAttributes),
    expires_at: entry.expiresAtSeconds,
    revision_number: Number(entry.revisionNumber),
    created_at: entry.createdAtSeconds,
  };
}

/** The entry in a row. Error: `data-loss` for a row that this program cannot have written. */
export function fromEntryRow(row: EntryRow): RegistrationEntry {
  return readRow(() => readEntry(row));
}

function readEntry(row: EntryRow): RegistrationEntry {
  return {
    id: row.entry_id,
    spiffeId: SpiffeId.parse(row.spiffe_id),
    parentId: SpiffeId.parse(row.parent_id),
    selectors: readTextList(row.selectors).map(parseSelector),
    x509SvidTtlSeconds: row.x509_svid_ttl,
    jwtSvidTtlSeconds: row.jwt_svid_ttl,
    federatesWith: readTextList(row.federates_with).map(TrustDomain.parse),
    admin: row.admin !== 0,
    downstream: row.downstream !== 0,
    expiresAtSeconds: row.expires_at,
    dnsNames: readTextList(row.dns_names),
    revisionNumber: BigInt(row.revision_number),
    storeSvid: row.store_svid !== 0,
    hint: row.hint,
    createdAtSeconds: row.created_at,
    ...(row.attributes === null ? {} : { additionalAttributes: readAttributes(row.attributes) }),
  };
}

function readAttributes(text: string): EntryAttributes {
  const value = readJson(text);
  const attributes = isRecord(value) ? value : {};
  return {
    disableX509SvidPrefetch: attributes['disableX509SvidPrefetch'] === true,
    jwtSvidIncludeJti: attributes['jwtSvidIncludeJti'] === true,
  };
}

/** Equal for entries that give the same SPIFFE ID under the same parent to the same set of selectors. */
export function similarityOf(entry: Pick<RegistrationEntry, 'spiffeId' | 'parentId' | 'selectors'>): string {
  const selectors = [...new Set(entry.selectors.map(formatSelector))].sort();
  const identity = JSON.stringify([entry.spiffeId.toString(), entry.parentId.toString(), selectors]);
  return createHash('sha256').update(identity).digest('base64url');
}
