import type { ListEntriesRequest_Filter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry, type EntryMask } from '../wire/gen/spire/api/types/entry.ts';
import { LIST_ORDER, LIST_TOTAL, parseListTotal } from '../wire/list-order.ts';
import type { EntryClient } from './entry-client.ts';
import { entryOrderKey, sortEntries } from './entry-order.ts';
import { followPages, type Listing, type ListPage } from './paged-list.ts';

/** How many entries SPIRE's CLI asks for at a time: a page stays below gRPC's default limit of 4 MiB. */
const ENTRY_PAGE_SIZE = 500;

/**
 * Every entry that the filter lets through, page by page, in the order of the server.
 *
 * @throws RpcError from the pages
 */
export async function* entryPages(
  client: Pick<EntryClient, 'listEntries'>,
  filter: ListEntriesRequest_Filter,
  { outputMask, signal }: { readonly outputMask?: EntryMask; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<readonly Entry[], void, undefined> {
  const fetchPage = async (pageToken: string): Promise<ListPage<Entry>> => {
    const request = { filter, outputMask, pageSize: ENTRY_PAGE_SIZE, pageToken };
    const { entries, nextPageToken } = await client.listEntries(request, { signal });
    return { items: entries, nextPageToken };
  };
  yield* followPages(await fetchPage(''), fetchPage);
}

/**
 * Every entry that the filter lets through, in the order in which SPIRE's CLI prints them. A server of ours lists in that
 * order, so that a page is let go once it is printed; from another one all entries are gathered first, in a compact form.
 *
 * @throws RpcError also from the pages
 */
export async function listEntriesInOrder(
  client: Pick<EntryClient, 'listEntries'>,
  filter: ListEntriesRequest_Filter,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Listing<Entry>> {
  let total: number | undefined;
  const fetchPage = async (pageToken: string): Promise<ListPage<Entry>> => {
    const request = { filter, outputMask: undefined, pageSize: ENTRY_PAGE_SIZE, pageToken };
    const { entries, nextPageToken } = await client.listEntries(request, {
      signal,
      metadata: { [LIST_ORDER]: 'spiffe-id' },
      onTrailers: ({ [LIST_TOTAL]: value }) => {
        total ??= parseListTotal(value?.toString());
      },
    });
    return { items: entries, nextPageToken };
  };
  const first = await fetchPage('');
  const pages = followPages(first, fetchPage);
  return total === undefined ? gather(pages) : { count: total, pages: sortWithinIds(pages) };
}

/** Entries that come by SPIFFE ID: only those that share one are still to be put in order. */
async function* sortWithinIds(
  pages: AsyncIterable<readonly Entry[]>,
): AsyncGenerator<readonly Entry[], void, undefined> {
  let held: Entry[] = [];
  for await (const page of pages) {
    const last = page.at(-1);
    const isOfLast = (entry: Entry | undefined): boolean =>
      entry?.spiffeId?.path === last?.spiffeId?.path && entry?.spiffeId?.trustDomain === last?.spiffeId?.trustDomain;
    let kept = page.length;
    while (kept > 0 && isOfLast(page[kept - 1])) kept -= 1;
    if (kept === 0 && (held.length === 0 || isOfLast(held[0]))) {
      held.push(...page);
      continue;
    }
    yield sortEntries([...held, ...page.slice(0, kept)]);
    held = page.slice(kept);
  }
  if (held.length > 0) yield sortEntries(held);
}

/** An entry as it waits for its turn: its bytes take a fraction of the room of its object. */
interface CompactEntry {
  readonly key: string;
  readonly bytes: Uint8Array;
}

async function gather(pages: AsyncIterable<readonly Entry[]>): Promise<Listing<Entry>> {
  const gathered: CompactEntry[] = [];
  for await (const page of pages) {
    for (const entry of page) gathered.push({ key: entryOrderKey(entry), bytes: Entry.encode(entry).finish() });
  }
  gathered.sort((a, b) => (a.key < b.key ? -1 : a.key === b.key ? 0 : 1));
  return { count: gathered.length, pages: inPages(gathered) };
}

async function* inPages(gathered: readonly CompactEntry[]): AsyncGenerator<readonly Entry[], void, undefined> {
  for (let start = 0; start < gathered.length; start += ENTRY_PAGE_SIZE) {
    yield sortEntries(gathered.slice(start, start + ENTRY_PAGE_SIZE).map(({ bytes }) => Entry.decode(bytes)));
  }
}
