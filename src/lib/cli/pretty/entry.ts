import { rpcCodeName } from '../../rpc/status.ts';
import { counted } from '../../runtime/counted.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import type { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../../wire/gen/spire/api/types/spiffeid.ts';
import { isAccepted } from '../batch-outcome.ts';
import { formatGoTime, UTC } from '../go-time.ts';
import type { Table } from '../printer.ts';

/** The answer to one entry of a batch. */
export interface EntryResult {
  readonly status?: { readonly code: number; readonly message: string } | undefined;
  readonly entry?: Entry | undefined;
}

/** The answer to one ID of a batch. */
export interface DeletedEntryResult {
  readonly status?: { readonly code: number; readonly message: string } | undefined;
  readonly id: string;
}

/** One entry as every `entry` command shows it, with the empty line after it. */
export function formatEntry(entry: Entry): string {
  const attributes = entry.additionalAttributes;
  const lines: [label: string, text: string][] = [
    ['Entry ID', entry.id === '' ? '(none)' : entry.id],
    ['SPIFFE ID', formatId(entry.spiffeId)],
    ['Parent ID', formatId(entry.parentId)],
    ['Revision', String(entry.revisionNumber)],
  ];
  if (entry.downstream) lines.push(['Downstream', 'true']);
  lines.push(['X509-SVID TTL', formatTtl(entry.x509SvidTtl)], ['JWT-SVID TTL', formatTtl(entry.jwtSvidTtl)]);
  if (entry.expiresAt !== 0n) lines.push(['Expiration time', formatGoTime(entry.expiresAt, UTC)]);
  for (const { type, value } of entry.selectors) lines.push(['Selector', `${type}:${value}`]);
  for (const trustDomain of entry.federatesWith) lines.push(['FederatesWith', trustDomain]);
  for (const name of entry.dnsNames) lines.push(['DNS name', name]);
  if (entry.admin) lines.push(['Admin', 'true']);
  if (entry.storeSvid) lines.push(['StoreSvid', 'true']);
  if (entry.hint !== '') lines.push(['Hint', entry.hint]);
  if (attributes?.disableX509SvidPrefetch === true) lines.push(['DisableX509SvidPrefetch', 'true']);
  if (attributes?.jwtSvidIncludeJti === true) lines.push(['JwtSvidIncludeJti', 'true']);
  return `${lines.map(([label, text]) => `${label.padEnd(24)}: ${text}\n`).join('')}\n`;
}

/** What `entry show` prints above the entries. */
export function formatEntriesHead(count: number): string {
  return `Found ${counted(count, 'entry', 'entries')}\n`;
}

/** The text of `entry count`. */
export function formatEntryCount(count: number): string {
  return `${counted(count, 'registration entry', 'registration entries')}\n`;
}

/** What `entry create` and `entry update` print to stdout: the entries that the server accepted. */
export function formatAccepted(results: readonly EntryResult[]): string {
  return results.map((result) => (isAccepted(result) && result.entry ? formatEntry(result.entry) : '')).join('');
}

/**
 * What `entry create` and `entry update` print to stderr: the entries that the server refused, and why. With `withPlaces`
 * also where each stands in the data that they came from, which SPIRE's CLI does not tell.
 */
export function formatRefused(
  results: readonly EntryResult[],
  verb: 'create' | 'update',
  { withPlaces = false }: { readonly withPlaces?: boolean } = {},
): string {
  return results
    .map((result, index) => {
      if (isAccepted(result)) return '';
      const place = withPlaces ? `, entries[${index}] of the data` : '';
      return `Failed to ${verb} the following entry ${reason(result)}${place}:\n${formatRefusedEntry(result.entry)}`;
    })
    .join('');
}

/** What `entry delete` prints to stdout; SPIRE ends it without a line's end. */
export function formatDeleted(results: readonly DeletedEntryResult[]): string {
  const deleted = results.filter(isAccepted);
  const failed = results.length - deleted.length;
  const lines = deleted.map(({ id }) => `Deleted entry with ID: ${id}\n`).join('');
  return `${lines}${deleted.length > 0 ? '\n\n' : ''}${failed > 0 ? '\n\n' : ''}${summary(deleted.length, failed)}`;
}

/** What `entry delete` prints to stderr; `withPlaces` as in {@link formatRefused}. */
export function formatNotDeleted(
  results: readonly DeletedEntryResult[],
  { withPlaces = false }: { readonly withPlaces?: boolean } = {},
): string {
  return results
    .map((result, index) => {
      if (isAccepted(result)) return '';
      const place = withPlaces ? `, ids[${index}] of the data` : '';
      return `Failed to delete entry with ID ${result.id} ${reason(result)}${place}\n`;
    })
    .join('');
}

/** Entries as the umbrella lists them. */
export function entryTable(entries: readonly Entry[]): Table {
  return {
    head: ['Entry ID', 'SPIFFE ID', 'Parent ID', 'Selectors', 'X509 TTL', 'JWT TTL', 'More'],
    rows: entries.map((entry) => [
      entry.id,
      formatId(entry.spiffeId),
      formatId(entry.parentId),
      entry.selectors.map(({ type, value }) => `${type}:${value}`).join(', '),
      formatTtl(entry.x509SvidTtl),
      formatTtl(entry.jwtSvidTtl),
      rareFields(entry).join(', '),
    ]),
  };
}

/** What most entries do not have. */
function rareFields(entry: Entry): string[] {
  return [
    ...(entry.admin ? ['admin'] : []),
    ...(entry.downstream ? ['downstream'] : []),
    ...(entry.storeSvid ? ['stored by a plugin'] : []),
    ...(entry.hint === '' ? [] : [`hint ${entry.hint}`]),
    ...(entry.expiresAt === 0n ? [] : [`until ${formatGoTime(entry.expiresAt, UTC)}`]),
    ...entry.federatesWith.map((trustDomain) => `federates with ${trustDomain}`),
    ...entry.dnsNames.map((name) => `DNS ${name}`),
    ...(entry.additionalAttributes?.disableX509SvidPrefetch === true ? ['no X509-SVID prefetch'] : []),
    ...(entry.additionalAttributes?.jwtSvidIncludeJti === true ? ['JWT-SVIDs with jti'] : []),
  ];
}

function reason({ status }: EntryResult | DeletedEntryResult): string {
  return `(code: ${rpcCodeName(status?.code ?? 0)}, msg: ${goQuote(status?.message ?? '')})`;
}

function formatRefusedEntry(entry: Entry | undefined): string {
  return entry === undefined ? '\n' : formatEntry(entry);
}

function summary(deleted: number, failed: number): string {
  if (failed === 0) return `Deleted ${deleted} entries successfully`;
  if (deleted === 0) return `Failed to delete ${failed} entries`;
  return `Deleted ${deleted} entries successfully, but failed to delete ${failed} entries`;
}

function formatTtl(seconds: number): string {
  return seconds === 0 ? 'default' : String(seconds);
}

function formatId(id: SPIFFEID | undefined): string {
  return id === undefined ? '' : `spiffe://${id.trustDomain}${id.path}`;
}
