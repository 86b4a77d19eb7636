import type { EntryClient } from '../client/entry-client.ts';
import type { ListEntriesRequest_Filter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';

/** How many entries SPIRE's CLI asks for at a time: a page stays below gRPC's default limit of 4 MiB. */
const ENTRY_PAGE_SIZE = 500;

/**
 * Every entry that the filter lets through, page by page, in the order of the server.
 *
 * @throws RpcError
 */
export async function listAllEntries(
  client: Pick<EntryClient, 'listEntries'>,
  filter: ListEntriesRequest_Filter,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Entry[]> {
  const entries: Entry[] = [];
  let pageToken = '';
  do {
    const request = { filter, outputMask: undefined, pageSize: ENTRY_PAGE_SIZE, pageToken };
    const page = await client.listEntries(request, options);
    for (const entry of page.entries) entries.push(entry);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return entries;
}
