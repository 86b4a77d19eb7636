import { SpirekitError } from '../../runtime/errors.ts';
import type { RegistrationEntry, RegistrationEntryField } from '../../spiffe/registration-entry.ts';
import { formatSelector } from '../../spiffe/selector.ts';

/** Longest id in characters. */
const LONGEST_ENTRY_ID = 255;

/** What every store demands of a new entry, in SPIRE's order and words. Error: `invalid-argument`. */
export function checkNewEntry(entry: RegistrationEntry): void {
  if (entry.selectors.length === 0) throw invalid('invalid registration entry: missing selector list');
  if (entry.storeSvid && entry.additionalAttributes?.disableX509SvidPrefetch === true) {
    throw invalid('specifying cache behaviour is incompatible with storable SVIDs');
  }
  checkStoredSelectors(entry);
  if (entry.id.length > LONGEST_ENTRY_ID) throw invalid('invalid registration entry: entry ID too long');
  if (!/^[A-Za-z0-9._-]*$/.test(entry.id)) {
    throw invalid('invalid registration entry: entry ID contains invalid characters');
  }
  checkTtls(entry);
}

/** The same for an update, of which only the given fields count (all when absent). */
export function checkEntryUpdate(
  entry: RegistrationEntry,
  fields: ReadonlySet<RegistrationEntryField> | undefined,
): void {
  const counts = (field: RegistrationEntryField): boolean => fields === undefined || fields.has(field);
  if (counts('selectors') && entry.selectors.length === 0) {
    throw invalid('invalid registration entry: missing selector list');
  }
  checkTtls({
    x509SvidTtlSeconds: counts('x509SvidTtlSeconds') ? entry.x509SvidTtlSeconds : 0,
    jwtSvidTtlSeconds: counts('jwtSvidTtlSeconds') ? entry.jwtSvidTtlSeconds : 0,
  });
}

/** What an updated entry must still fulfil as a whole. Errors: `invalid-argument`, `already-exists`. */
export function checkUpdatedEntry(entry: RegistrationEntry): void {
  checkStoredSelectors(entry);
  checkRepetition(entry);
}

function checkStoredSelectors(entry: RegistrationEntry): void {
  const types = new Set(entry.selectors.map((selector) => selector.type));
  if (entry.storeSvid && types.size > 1) {
    throw invalid('invalid registration entry: selector types must be the same when store SVID is enabled');
  }
}

function checkTtls(ttls: Pick<RegistrationEntry, 'x509SvidTtlSeconds' | 'jwtSvidTtlSeconds'>): void {
  if (ttls.x509SvidTtlSeconds < 0) throw invalid('invalid registration entry: X509SvidTtl is not set');
  if (ttls.jwtSvidTtlSeconds < 0) throw invalid('invalid registration entry: JwtSvidTtl is not set');
}

/** Error: `already-exists` for a repeated selector or DNS name, which SPIRE's unique indexes refuse. */
export function checkRepetition(entry: RegistrationEntry): void {
  if (new Set(entry.selectors.map(formatSelector)).size < entry.selectors.length) {
    throw repeated('selectors.registered_entry_id, selectors.type, selectors.value');
  }
  if (new Set(entry.dnsNames).size < entry.dnsNames.length) {
    throw repeated('dns_names.registered_entry_id, dns_names.value');
  }
}

/** Attributes that express no wish are none: SPIRE stores them in a form that cannot tell the two apart. */
export function withoutEmptyAttributes(entry: RegistrationEntry): RegistrationEntry {
  const { additionalAttributes, ...rest } = entry;
  const isEmpty = !Object.values(additionalAttributes ?? {}).includes(true);
  return isEmpty ? rest : entry;
}

function invalid(sentence: string): SpirekitError {
  return new SpirekitError('invalid-argument', `datastore-validation: ${sentence}`);
}

/** The sentence for something that exists already, as SPIRE's SQLite says it; scripts match on it. */
export function repeated(columns: string): SpirekitError {
  return new SpirekitError('already-exists', `datastore-sql: UNIQUE constraint failed: ${columns}`);
}

/** The sentence for something that does not exist. */
export function recordNotFound(): SpirekitError {
  return new SpirekitError('not-found', 'datastore-sql: record not found');
}
