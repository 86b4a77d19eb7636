import { Buffer } from 'node:buffer';
import { entryKey, fieldChanges, idName } from '../../desiredentries/entry-fields.ts';
import type { Bundle } from '../../wire/gen/spire/api/types/bundle.ts';
import type { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import type { FederationRelationship } from '../../wire/gen/spire/api/types/federationrelationship.ts';
import type { ServerContents } from './server-contents.ts';

/** The kinds of things that are moved, in the order in which one needs the other. */
export type MovedKind = 'bundle' | 'federation relationship' | 'entry';

/** What became, or would become, of one thing that the source has. */
export interface MovedItem {
  readonly kind: MovedKind;
  /** What it goes by: a trust domain, or an entry ID with the SPIFFE ID. */
  readonly name: string;
  /** `new` before it was tried. */
  readonly outcome: 'new' | 'created' | 'same' | 'differs' | 'refused';
  /** Of what differs or was refused. */
  readonly reason?: string;
}

/** What the target lacks, and how the rest stands to what it has. */
export interface Comparison {
  readonly missing: {
    readonly bundles: readonly Bundle[];
    readonly relationships: readonly FederationRelationship[];
    readonly entries: readonly Entry[];
  };
  /** Of what is not missing. */
  readonly present: readonly MovedItem[];
}

/** Holds the contents of one server against those of another. What differs is left as the target has it. */
export function compareContents(source: ServerContents, target: ServerContents): Comparison {
  const bundles = compareByName(source.bundles, target.bundles, 'bundle', bundleFields);
  const relationships = compareByName(
    source.relationships,
    target.relationships,
    'federation relationship',
    relationshipFields,
  );
  const entries = compareEntries(source.entries, target.entries);
  return {
    missing: { bundles: bundles.missing, relationships: relationships.missing, entries: entries.missing },
    present: [...bundles.present, ...relationships.present, ...entries.present],
  };
}

/** What an entry goes by in reports. */
export function entryName({ id, spiffeId }: Entry): string {
  return `${id} (${idName(spiffeId)})`;
}

/** Which fields of two entries differ, in words; of the ID and of what the server counts by itself nothing is said. */
export function entryDifferences(one: Entry, other: Entry): string[] {
  return fieldChanges(one, other).map(({ field }) => field.words);
}

type Fields = Readonly<Record<string, string>>;

interface Compared<T> {
  readonly missing: readonly T[];
  readonly present: readonly MovedItem[];
}

function compareByName<T extends { readonly trustDomain: string }>(
  source: readonly T[],
  target: readonly T[],
  kind: MovedKind,
  fieldsOf: (item: T) => Fields,
): Compared<T> {
  const there = new Map(target.map((item) => [item.trustDomain, item]));
  const missing: T[] = [];
  const present: MovedItem[] = [];
  for (const item of source) {
    const found = there.get(item.trustDomain);
    if (found === undefined) missing.push(item);
    else present.push(judge(kind, item.trustDomain, differences(fieldsOf(item), fieldsOf(found))));
  }
  return { missing, present };
}

function compareEntries(source: readonly Entry[], target: readonly Entry[]): Compared<Entry> {
  const byId = new Map(target.map((entry) => [entry.id, entry]));
  const byKey = new Map(target.map((entry) => [entryKey(entry), entry]));
  const missing: Entry[] = [];
  const present: MovedItem[] = [];
  for (const entry of source) {
    const found = byId.get(entry.id) ?? byKey.get(entryKey(entry));
    if (found === undefined) missing.push(entry);
    else present.push(judge('entry', entryName(entry), entryDifferences(entry, found)));
  }
  return { missing, present };
}

function judge(kind: MovedKind, name: string, different: readonly string[]): MovedItem {
  if (different.length === 0) return { kind, name, outcome: 'same' };
  return { kind, name, outcome: 'differs', reason: `the target has another ${different.join(', ')}` };
}

function differences(one: Fields, other: Fields): string[] {
  return Object.keys(one).filter((name) => one[name] !== other[name]);
}

/** Sequence numbers grow by themselves, and taint is for the trust domain's own server to say. */
function bundleFields(bundle: Bundle): Fields {
  return {
    'set of X.509 authorities': sorted(bundle.x509Authorities.map(({ asn1 }) => base64(asn1))),
    'set of JWT authorities': sorted(
      bundle.jwtAuthorities.map(({ keyId, publicKey }) => `${keyId} ${base64(publicKey)}`),
    ),
    'refresh hint': String(bundle.refreshHint),
  };
}

function relationshipFields({ bundleEndpointUrl, bundleEndpointProfile }: FederationRelationship): Fields {
  return {
    'bundle endpoint URL': bundleEndpointUrl,
    'bundle endpoint profile': JSON.stringify(bundleEndpointProfile ?? ''),
  };
}

function sorted(texts: readonly string[]): string {
  return JSON.stringify([...texts].sort());
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
