import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { entryFilter, entryFilterFlags } from '../../lib/cli/entry-filter.ts';
import { awaitWithin, pagesWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { entryTable, formatEntriesHead, formatEntry } from '../../lib/cli/pretty/entry.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { entryClient } from '../../lib/client/entry-client.ts';
import { listEntriesInOrder } from '../../lib/client/entry-listing.ts';
import { sortEntries } from '../../lib/client/entry-order.ts';
import { type Listing, onePage } from '../../lib/client/paged-list.ts';
import type { RpcClient } from '../../lib/rpc/client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import type { Entry } from '../../lib/wire/gen/spire/api/types/entry.ts';

const flags = {
  ...serverFlags,
  ...entryFilterFlags,
  entryID: flag.string({ usage: 'Only the entry with this ID' }),
  output: flag.output({ nameField: 'id' }),
} as const;

/** `entry show` */
export default class EntryShow extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show registration entries';
  static override readonly examples = [
    '<%= config.bin %> entry show',
    '<%= config.bin %> entry show --spiffe-id spiffe://example.org/web --output json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry show';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const { count, pages } = await findEntries(rpc, context);
    await context.printList({
      pages,
      total: count,
      head: formatEntriesHead(count),
      pretty: formatEntry,
      json: (entry) => protoJson(entry),
      listName: 'entries',
      table: entryTable,
    });
    return 0;
  }
}

async function findEntries(rpc: RpcClient, context: CommandContext<typeof flags>): Promise<Listing<Entry>> {
  const { signal } = context;
  const { entryID, parentID, spiffeID, selector } = context.flags;
  if (entryID === '') {
    const words = 'error fetching entries';
    const listing = await awaitWithin(
      words,
      listEntriesInOrder(entryClient(rpc), entryFilter(context.flags), { signal }),
    );
    return { ...listing, pages: pagesWithin(words, listing.pages) };
  }
  if (parentID !== '' || spiffeID !== '' || selector.length > 0) {
    throw new SpirekitError('usage', "the -entryID flag can't be combined with others");
  }
  const request = { id: entryID, outputMask: undefined };
  const fetching = entryClient(rpc).getEntry(request, { signal });
  const entry = await awaitWithin(`error fetching entry ID ${entryID}`, fetching);
  return { count: 1, pages: onePage(sortEntries([entry])) };
}
