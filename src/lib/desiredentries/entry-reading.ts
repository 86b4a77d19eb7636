import { findSuggestion } from '../runtime/nearest-word.ts';
import { checkSelector, formatSelector, parseSelector, type Selector } from '../spiffe/selector.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { TrustDomain } from '../spiffe/trust-domain.ts';
import { checkDnsName } from '../wire/convert/dns-name.ts';
import { memberIdFromWire, spiffeIdToWire, workloadIdFromWire } from '../wire/convert/spiffe-id.ts';
import { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';
import { byteLength, type NodeValues } from './node-values.ts';
import type { SourceField, SourceNode } from './source-node.ts';

/** What takes a field of a map over into an entry. */
export type FieldReaders = Readonly<Record<string, (entry: Entry, node: SourceNode, what: string) => void>>;

/** Bounds that servers have. */
const LONGEST_ID = 255;
const LONGEST_HINT_BYTES = 1024;

/** The fields of an entry in SPIRE's `-data` files, and what the JSON of the API calls them where that differs. */
export function entryFields(values: NodeValues): FieldReaders {
  const id = (entry: Entry, node: SourceNode, what: string): void => {
    entry.id = readEntryId(values, node, what);
  };
  const expiry = (entry: Entry, node: SourceNode, what: string): void => {
    entry.expiresAt = values.integer(node, what, 64);
  };
  const ignore = (): void => {};
  return {
    entry_id: id,
    id,
    ...sharedFields(values, {
      spiffeId: 'spiffe_id',
      parentId: 'parent_id',
      federatesWith: 'federates_with',
      dnsNames: 'dns_names',
      hint: 'hint',
      admin: 'admin',
      downstream: 'downstream',
      storeSvid: 'store_svid',
    }),
    selectors: (entry, node, what) => {
      entry.selectors = selectorsOf(values, node, what);
    },
    x509_svid_ttl: (entry, node, what) => {
      entry.x509SvidTtl = Number(values.integer(node, what, 32));
    },
    jwt_svid_ttl: (entry, node, what) => {
      entry.jwtSvidTtl = Number(values.integer(node, what, 32));
    },
    entryExpiry: expiry,
    expires_at: expiry,
    additional_attributes: (entry, node, what) => {
      if (node.kind === 'null') return;
      const attributes = { disableX509SvidPrefetch: false, jwtSvidIncludeJti: false };
      for (const [name, { at, node: value }] of values.map(node, what)) {
        const where = `${what}.${name}`;
        if (name === 'disable_x509_svid_prefetch') attributes.disableX509SvidPrefetch = values.boolean(value, where);
        else if (name === 'jwt_svid_include_jti') attributes.jwtSvidIncludeJti = values.boolean(value, where);
        else throw values.error({ at }, unknown(name, ['disable_x509_svid_prefetch', 'jwt_svid_include_jti']));
      }
      // Attributes that express no wish are none.
      if (attributes.disableX509SvidPrefetch || attributes.jwtSvidIncludeJti) entry.additionalAttributes = attributes;
    },
    // The server's own to count.
    revision_number: ignore,
    created_at: ignore,
  };
}

/** Fields that `-data` files and ClusterStaticEntry write alike, by their name in either. */
export function sharedFields(
  values: NodeValues,
  names: Readonly<
    Record<
      'spiffeId' | 'parentId' | 'federatesWith' | 'dnsNames' | 'hint' | 'admin' | 'downstream' | 'storeSvid',
      string
    >
  >,
): FieldReaders {
  return {
    [names.spiffeId]: (entry, node, what) => {
      entry.spiffeId = readId(values, node, what);
    },
    [names.parentId]: (entry, node, what) => {
      entry.parentId = readId(values, node, what);
    },
    [names.federatesWith]: (entry, node, what) => {
      const names = values.list(node, what).map((item, index) => {
        const where = `${what}[${index}]`;
        return values.checked(item, where, () => TrustDomain.parse(values.text(item, where)).name);
      });
      entry.federatesWith = [...new Set(names)];
    },
    [names.dnsNames]: (entry, node, what) => {
      entry.dnsNames = values.list(node, what).map((item, index) => {
        const where = `${what}[${index}]`;
        const name = values.text(item, where);
        values.checked(item, where, () => checkDnsName(name));
        return name;
      });
      refuseRepetition(values, node, entry.dnsNames, what);
    },
    [names.hint]: (entry, node, what) => {
      entry.hint = values.text(node, what);
      if (byteLength(entry.hint) > LONGEST_HINT_BYTES) {
        throw values.error(node, `${what} is longer than ${LONGEST_HINT_BYTES} bytes`);
      }
    },
    [names.admin]: (entry, node, what) => {
      entry.admin = values.boolean(node, what);
    },
    [names.downstream]: (entry, node, what) => {
      entry.downstream = values.boolean(node, what);
    },
    [names.storeSvid]: (entry, node, what) => {
      entry.storeSvid = values.boolean(node, what);
    },
  };
}

/**
 * Reads one entry and refuses what any server would.
 *
 * @param what the entry, in words for the refusal; empty for one that stands alone
 * @throws SpirekitError `invalid-argument`, `invalid-spiffe-id`, `invalid-selector`, `invalid-trust-domain`, each with
 *   file, line and column
 */
export function entryOf(
  values: NodeValues,
  node: SourceNode,
  what: string,
  fields: FieldReaders,
  names: { readonly spiffeId: string; readonly parentId: string },
): Entry {
  const entry = Entry.create();
  const prefix = what === '' ? '' : `${what}.`;
  const found = values.map(node, what === '' ? 'an entry' : what);
  for (const [name, field] of found) {
    const read = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (read === undefined) throw values.error(field, `${prefix}${unknown(name, Object.keys(fields))}`);
    read(entry, field.node, `${prefix}${name}`);
  }
  demandIds(values, node, found, entry, { prefix, names });
  if (entry.selectors.length === 0) throw values.error(node, `${prefix}selectors: at least one is needed`);
  const types = new Set(entry.selectors.map(({ type }) => type));
  if (entry.storeSvid && types.size > 1) {
    throw values.error(node, `${prefix}selectors of one type only, since the SVIDs go to a plugin that stores them`);
  }
  if (entry.storeSvid && entry.additionalAttributes?.disableX509SvidPrefetch === true) {
    throw values.error(node, `${prefix}SVIDs that go to a plugin that stores them cannot be without prefetch`);
  }
  return entry;
}

function demandIds(
  values: NodeValues,
  node: SourceNode,
  found: ReadonlyMap<string, SourceField>,
  entry: Entry,
  {
    prefix,
    names,
  }: { readonly prefix: string; readonly names: { readonly spiffeId: string; readonly parentId: string } },
): void {
  const { spiffeId, parentId } = entry;
  if (spiffeId === undefined) throw values.error(node, `${prefix}${names.spiffeId} is missing`);
  if (parentId === undefined) throw values.error(node, `${prefix}${names.parentId} is missing`);
  const trustDomain = TrustDomain.parse(spiffeId.trustDomain);
  const check = (name: string, run: () => unknown): void =>
    void values.checked(found.get(name)?.node ?? node, `${prefix}${name}`, run);
  check(names.spiffeId, () => workloadIdFromWire(trustDomain, spiffeId));
  check(names.parentId, () => memberIdFromWire(trustDomain, parentId));
}

/** `spiffe://example.org/web`, or the two parts as the JSON of the API has them. */
function readId(values: NodeValues, node: SourceNode, what: string): SPIFFEID {
  if (node.kind !== 'map') {
    const text = values.text(node, what);
    return values.checked(node, what, () => spiffeIdToWire(SpiffeId.parse(text)));
  }
  const part = (name: string): string => {
    const field = node.fields.get(name);
    return field === undefined ? '' : values.text(field.node, `${what}.${name}`);
  };
  for (const [name, field] of node.fields) {
    if (name !== 'trust_domain' && name !== 'path') {
      throw values.error(field, `${what}.${unknown(name, ['trust_domain', 'path'])}`);
    }
  }
  return values.checked(node, what, () =>
    spiffeIdToWire(SpiffeId.fromPath(TrustDomain.parse(part('trust_domain')), part('path'))),
  );
}

/** `type:value` each, or the two parts as SPIRE's files have them. */
export function selectorsOf(values: NodeValues, node: SourceNode, what: string): Selector[] {
  const selectors = values.list(node, what).map((item, index) => {
    const where = `${what}[${index}]`;
    const selector = item.kind === 'map' ? partsOf(values, item, where) : oneText(values, item, where);
    values.checked(item, where, () => checkSelector(selector));
    return selector;
  });
  refuseRepetition(values, node, selectors.map(formatSelector), what);
  return selectors;
}

function oneText(values: NodeValues, node: SourceNode, what: string): Selector {
  const text = values.text(node, what);
  return values.checked(node, what, () => parseSelector(text));
}

function partsOf(values: NodeValues, node: SourceNode & { readonly kind: 'map' }, what: string): Selector {
  const selector = { type: '', value: '' };
  for (const [name, field] of node.fields) {
    if (name !== 'type' && name !== 'value') throw values.error(field, `${what}.${unknown(name, ['type', 'value'])}`);
    selector[name] = values.text(field.node, `${what}.${name}`);
  }
  return selector;
}

function readEntryId(values: NodeValues, node: SourceNode, what: string): string {
  const id = values.text(node, what);
  if (id.length > LONGEST_ID) throw values.error(node, `${what} is longer than ${LONGEST_ID} characters`);
  if (/^[A-Za-z0-9._-]*$/.test(id)) return id;
  throw values.error(node, `${what} may have letters, digits, dots, dashes and underscores only`);
}

function refuseRepetition(values: NodeValues, node: SourceNode, texts: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const text of texts) {
    if (seen.has(text)) throw values.error(node, `${what}: ${JSON.stringify(text)} stands there twice`);
    seen.add(text);
  }
}

/** Of a field that nobody knows, and what may have been meant. */
export function unknown(name: string, known: readonly string[]): string {
  const guess = findSuggestion(name, known);
  return `${JSON.stringify(name)} is no field that is known here${guess === undefined ? '' : `; did you mean ${guess}?`}`;
}
