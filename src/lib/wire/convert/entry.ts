import type { EntryAttributes, RegistrationEntry, RegistrationEntryField } from '../../spiffe/registration-entry.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import { Entry, type EntryMask } from '../gen/spire/api/types/entry.ts';
import { inField, invalidMessage } from './conversion-error.ts';
import { checkDnsName } from './dns-name.ts';
import { ALL_ENTRY_FIELDS } from './masks.ts';
import { secondsFromWire, secondsToWire } from './seconds.ts';
import { selectorsFromWire, selectorsToWire } from './selector.ts';
import { memberIdFromWire, spiffeIdFromWire, spiffeIdToWire, workloadIdFromWire } from './spiffe-id.ts';

/** SPIRE counts bytes here, though its sentence says characters. */
const LONGEST_HINT_BYTES = 1024;

/** The masked fields of an entry (all without a mask) and always its id. */
export function entryToWire(entry: RegistrationEntry, mask: EntryMask = ALL_ENTRY_FIELDS): Entry {
  const wire = Entry.create({ id: entry.id });
  if (mask.spiffeId) wire.spiffeId = spiffeIdToWire(entry.spiffeId);
  if (mask.parentId) wire.parentId = spiffeIdToWire(entry.parentId);
  if (mask.selectors) wire.selectors = selectorsToWire(entry.selectors);
  if (mask.x509SvidTtl) wire.x509SvidTtl = entry.x509SvidTtlSeconds;
  if (mask.jwtSvidTtl) wire.jwtSvidTtl = entry.jwtSvidTtlSeconds;
  if (mask.federatesWith) wire.federatesWith = entry.federatesWith.map(({ name }) => name);
  if (mask.admin) wire.admin = entry.admin;
  if (mask.downstream) wire.downstream = entry.downstream;
  if (mask.expiresAt) wire.expiresAt = secondsToWire(entry.expiresAtSeconds);
  if (mask.dnsNames) wire.dnsNames = [...entry.dnsNames];
  if (mask.revisionNumber) wire.revisionNumber = entry.revisionNumber;
  if (mask.storeSvid) wire.storeSvid = entry.storeSvid;
  if (mask.hint) wire.hint = entry.hint;
  if (mask.createdAt) wire.createdAt = secondsToWire(entry.createdAtSeconds);
  if (mask.additionalAttributes) wire.additionalAttributes = attributesCopy(entry.additionalAttributes);
  return wire;
}

/**
 * An entry that a server sent whole.
 *
 * @throws SpirekitError `invalid-argument` if SPIFFE ID or parent ID are missing or a part breaks the rules
 */
export function entryFromWire(wire: Entry): RegistrationEntry {
  return {
    id: wire.id,
    spiffeId: inField('invalid SPIFFE ID', () => spiffeIdFromWire(wire.spiffeId)),
    parentId: inField('invalid parent ID', () => spiffeIdFromWire(wire.parentId)),
    selectors: selectorsFromWire(wire.selectors),
    ...plainFields(wire),
    createdAtSeconds: inField('invalid creation time', () => secondsFromWire(wire.createdAt)),
  };
}

/** An entry that somebody wants to have registered, and the fields of it that count. */
export interface RequestedEntry {
  /** Fields that do not count have their zero value, IDs that of the trust domain. */
  readonly entry: RegistrationEntry;
  /** Undefined means all. */
  readonly fields: ReadonlySet<RegistrationEntryField> | undefined;
}

/**
 * An entry of a request to create (without a mask) or update, held against what a server demands, in SPIRE's order and
 * words. The server sets revision number and creation time, so they are not read.
 *
 * @throws SpirekitError `invalid-argument`, `invalid-selector`
 */
export function requestedEntryFromWire(trustDomain: TrustDomain, wire: Entry, mask?: EntryMask): RequestedEntry {
  const masked = maskedCopy(wire, mask ?? ALL_ENTRY_FIELDS);
  const counts = (field: keyof EntryMask): boolean => mask === undefined || mask[field];
  const none = trustDomain.id();
  const parentId = counts('parentId')
    ? inField('invalid parent ID', () => memberIdFromWire(trustDomain, wire.parentId))
    : none;
  const spiffeId = counts('spiffeId')
    ? inField('invalid spiffe ID', () => workloadIdFromWire(trustDomain, wire.spiffeId))
    : none;
  for (const name of masked.dnsNames) inField('invalid DNS name', () => checkDnsName(name));
  const plain = plainFields(masked);
  if (counts('selectors') && masked.selectors.length === 0) throw invalidMessage('selector list is empty');
  const selectors = selectorsFromWire(masked.selectors);
  if (Buffer.byteLength(masked.hint) > LONGEST_HINT_BYTES) {
    throw invalidMessage(`hint is too long, max length is ${LONGEST_HINT_BYTES} characters`);
  }
  return {
    entry: { id: wire.id, spiffeId, parentId, selectors, ...plain, revisionNumber: 0n, createdAtSeconds: 0 },
    fields: mask === undefined ? undefined : entryFieldsOfMask(mask),
  };
}

/** The names in the domain of the fields that a mask has; fields which the server sets are not among them. */
export function entryFieldsOfMask(mask: EntryMask): ReadonlySet<RegistrationEntryField> {
  const fields = new Set<RegistrationEntryField>();
  for (const [wireName, name] of FIELD_NAMES) if (mask[wireName]) fields.add(name);
  return fields;
}

const FIELD_NAMES: readonly (readonly [keyof EntryMask, RegistrationEntryField])[] = [
  ['spiffeId', 'spiffeId'],
  ['parentId', 'parentId'],
  ['selectors', 'selectors'],
  ['x509SvidTtl', 'x509SvidTtlSeconds'],
  ['jwtSvidTtl', 'jwtSvidTtlSeconds'],
  ['federatesWith', 'federatesWith'],
  ['admin', 'admin'],
  ['downstream', 'downstream'],
  ['expiresAt', 'expiresAtSeconds'],
  ['dnsNames', 'dnsNames'],
  ['storeSvid', 'storeSvid'],
  ['hint', 'hint'],
  ['additionalAttributes', 'additionalAttributes'],
];

type PlainField = Exclude<keyof RegistrationEntry, 'id' | 'spiffeId' | 'parentId' | 'selectors' | 'createdAtSeconds'>;

function plainFields(wire: Entry): Pick<RegistrationEntry, PlainField> {
  return {
    x509SvidTtlSeconds: wire.x509SvidTtl,
    jwtSvidTtlSeconds: wire.jwtSvidTtl,
    federatesWith: wire.federatesWith.map((name) =>
      inField('invalid federated trust domain', () => TrustDomain.parse(name)),
    ),
    admin: wire.admin,
    downstream: wire.downstream,
    expiresAtSeconds: inField('invalid expiry time', () => secondsFromWire(wire.expiresAt)),
    dnsNames: [...wire.dnsNames],
    revisionNumber: wire.revisionNumber,
    storeSvid: wire.storeSvid,
    hint: wire.hint,
    additionalAttributes: attributesCopy(wire.additionalAttributes),
  };
}

function attributesCopy(attributes: EntryAttributes | undefined): EntryAttributes | undefined {
  if (attributes === undefined) return undefined;
  const { disableX509SvidPrefetch, jwtSvidIncludeJti } = attributes;
  return { disableX509SvidPrefetch, jwtSvidIncludeJti };
}

/** The message with only the masked fields set. */
function maskedCopy(wire: Entry, mask: EntryMask): Entry {
  const empty = Entry.create();
  const pick = <K extends keyof EntryMask & keyof Entry>(field: K): Entry[K] => (mask[field] ? wire : empty)[field];
  return {
    ...empty,
    id: wire.id,
    selectors: pick('selectors'),
    x509SvidTtl: pick('x509SvidTtl'),
    jwtSvidTtl: pick('jwtSvidTtl'),
    federatesWith: pick('federatesWith'),
    admin: pick('admin'),
    downstream: pick('downstream'),
    expiresAt: pick('expiresAt'),
    dnsNames: pick('dnsNames'),
    storeSvid: pick('storeSvid'),
    hint: pick('hint'),
    additionalAttributes: pick('additionalAttributes'),
  };
}
