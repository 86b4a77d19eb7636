import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { entryFilter, entryFilterFlags } from '../../lib/cli/entry-filter.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatEntryCount } from '../../lib/cli/pretty/entry.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { entryClient } from '../../lib/client/entry-client.ts';

const flags = { ...serverFlags, ...entryFilterFlags, output: flag.output() } as const;

/** `entry count` */
export default class EntryCount extends BaseCommand<typeof flags> {
  static override readonly summary = 'Count registration entries';
  static override readonly examples = ['<%= config.bin %> entry count --parent-id spiffe://example.org/host'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry count';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const filter = entryFilter(context.flags);
    const response = await entryClient(rpc).countEntries({ filter }, { signal: context.signal });
    await context.print({ pretty: () => formatEntryCount(response.count), json: () => protoJson(response) });
    return 0;
  }
}
