import { createHash } from 'node:crypto';
import { formatGoDuration } from '../runtime/go-duration.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { CLUSTER_STATIC_ENTRY } from './cluster-static-entry.ts';
import { idName, selectorNames } from './entry-fields.ts';

/** A value of a file of entries; numbers of 64 bits are bigints. */
type FileValue = string | number | bigint | boolean | readonly FileValue[] | { readonly [name: string]: FileValue };

/** Writes an entry as SPIRE's `-data` files have it, on one line. What is not set is left out. */
export function formatEntryLine(entry: Entry): string {
  // JSON of JavaScript has no integers of 64 bits.
  const { entryExpiry, ...rest } = dataOf(entry);
  const text = JSON.stringify(rest);
  return entryExpiry === undefined ? text : `${text.slice(0, -1)},"entryExpiry":${entryExpiry}}`;
}

/** Writes entries as a `-data` file; each has a line of its own. */
export function formatEntryData(entries: readonly Entry[]): string {
  return `{"entries": ${listLines(entries.map(formatEntryLine))}}\n`;
}

/** Writes the same in YAML, with selectors as people write them: only our own commands read YAML. */
export function formatEntryYaml(entries: readonly Entry[]): string {
  if (entries.length === 0) return 'entries: []\n';
  const items = entries.map((entry) => ({ ...dataOf(entry), selectors: selectorNames(entry) }));
  return `entries:\n${items.map((item) => `${itemLines(item, '  ').join('\n')}\n`).join('')}`;
}

/** Writes entries as ClusterStaticEntry objects, a YAML document each. {@link lostInStaticEntry} says what is not in there. */
export function formatStaticEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `---\n${mapLines(staticEntryOf(entry), '').join('\n')}\n`).join('');
}

/** What of an entry a ClusterStaticEntry has no field for, in words. */
export function lostInStaticEntry({ expiresAt, additionalAttributes }: Entry): string[] {
  return [
    ...(expiresAt === 0n ? [] : ['expiry']),
    ...(additionalAttributes?.disableX509SvidPrefetch === true ? ['prefetch flag'] : []),
    ...(additionalAttributes?.jwtSvidIncludeJti === true ? ['jti flag'] : []),
  ];
}

/** A list with an item on each line. */
export function listLines(items: readonly string[]): string {
  return items.length === 0 ? '[]' : `[\n${items.map((item) => `    ${item}`).join(',\n')}\n  ]`;
}

function dataOf(entry: Entry): { readonly [name: string]: FileValue } & { readonly entryExpiry?: bigint } {
  const attributes = entry.additionalAttributes;
  return {
    ...(entry.id !== '' && { entry_id: entry.id }),
    spiffe_id: idName(entry.spiffeId),
    parent_id: idName(entry.parentId),
    selectors: entry.selectors.map(({ type, value }) => ({ type, value })),
    ...(entry.x509SvidTtl !== 0 && { x509_svid_ttl: entry.x509SvidTtl }),
    ...(entry.jwtSvidTtl !== 0 && { jwt_svid_ttl: entry.jwtSvidTtl }),
    ...(entry.federatesWith.length > 0 && { federates_with: entry.federatesWith }),
    ...(entry.admin && { admin: true }),
    ...(entry.downstream && { downstream: true }),
    ...(entry.dnsNames.length > 0 && { dns_names: entry.dnsNames }),
    ...(entry.storeSvid && { store_svid: true }),
    ...(entry.hint !== '' && { hint: entry.hint }),
    ...(attributes !== undefined && {
      additional_attributes: {
        disable_x509_svid_prefetch: attributes.disableX509SvidPrefetch,
        jwt_svid_include_jti: attributes.jwtSvidIncludeJti,
      },
    }),
    ...(entry.expiresAt !== 0n && { entryExpiry: entry.expiresAt }),
  };
}

function staticEntryOf(entry: Entry): { readonly [name: string]: FileValue } {
  const seconds = (value: number): string => formatGoDuration(BigInt(value) * 1_000_000_000n);
  return {
    ...CLUSTER_STATIC_ENTRY,
    metadata: { name: objectName(entry) },
    spec: {
      spiffeID: idName(entry.spiffeId),
      parentID: idName(entry.parentId),
      selectors: selectorNames(entry),
      ...(entry.federatesWith.length > 0 && { federatesWith: entry.federatesWith }),
      ...(entry.x509SvidTtl !== 0 && { x509SVIDTTL: seconds(entry.x509SvidTtl) }),
      ...(entry.jwtSvidTtl !== 0 && { jwtSVIDTTL: seconds(entry.jwtSvidTtl) }),
      ...(entry.dnsNames.length > 0 && { dnsNames: entry.dnsNames }),
      ...(entry.hint !== '' && { hint: entry.hint }),
      ...(entry.admin && { admin: true }),
      ...(entry.downstream && { downstream: true }),
      ...(entry.storeSvid && { storeSVID: true }),
    },
  };
}

/** The ID where Kubernetes takes it for a name (RFC 1123, and at most 253 characters), else one made of it. */
function objectName({ id }: Entry): string {
  if (/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(id) && id.length <= 253) return id;
  return `entry-${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
}

/** An item of a list: what follows its first line stands below it. */
function itemLines(value: FileValue, indent: string): string[] {
  const lines = isMap(value) ? mapLines(value, `${indent}  `) : [`${indent}  ${scalar(value)}`];
  const [first = ''] = lines;
  return [`${indent}- ${first.trimStart()}`, ...lines.slice(1)];
}

function mapLines(map: { readonly [name: string]: FileValue }, indent: string): string[] {
  return Object.entries(map).flatMap(([name, value]) => {
    if (isList(value)) {
      if (value.length === 0) return [`${indent}${name}: []`];
      return [`${indent}${name}:`, ...value.flatMap((item) => itemLines(item, `${indent}  `))];
    }
    return isMap(value)
      ? [`${indent}${name}:`, ...mapLines(value, `${indent}  `)]
      : [`${indent}${name}: ${scalar(value)}`];
  });
}

function isList(value: FileValue): value is readonly FileValue[] {
  return Array.isArray(value);
}

function isMap(value: FileValue): value is { readonly [name: string]: FileValue } {
  return typeof value === 'object' && !isList(value);
}

/** Plain only where no reader of YAML can see anything but this text; JSON's quotes are YAML's too. */
function scalar(value: FileValue): string {
  if (typeof value !== 'string') return String(value);
  const isPlain =
    /^[A-Za-z_][A-Za-z0-9_./:@+-]*$/.test(value) &&
    !value.endsWith(':') &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
