/**
 * A process that reads all entries of a server, page by page as `entry show` does and then in one answer, again and again
 * until its input ends: `entry-lister.ts SOCKET`. Prints how often it has read them.
 */
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { EntryDefinition, ListEntriesRequest } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';

/** What `entry show` asks for. */
const PAGE_SIZE = 500;

await using client = new RpcClient({ kind: 'unix', path: process.argv[2] ?? '' }, { maxReceiveBytes: 256 << 20 });
const stopped = new AbortController();
process.stdin.once('end', () => stopped.abort()).resume();
let lists = 0;
while (!stopped.signal.aborted) {
  for (let pageToken = ''; !stopped.signal.aborted; ) {
    const request = ListEntriesRequest.create({ pageSize: PAGE_SIZE, pageToken });
    const page = await client.unary(EntryDefinition, 'listEntries', request);
    pageToken = page.nextPageToken;
    if (pageToken === '') break;
  }
  if (stopped.signal.aborted) break;
  await client.unary(EntryDefinition, 'listEntries', ListEntriesRequest.create({}));
  lists += 2;
}
console.log(lists);
