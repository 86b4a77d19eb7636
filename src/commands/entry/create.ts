import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { printBatch, withRefusedEntries } from '../../lib/cli/batch-outcome.ts';
import { readEntryData } from '../../lib/cli/entry-data.ts';
import { createEntryFlags, newEntry } from '../../lib/cli/entry-flags.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatAccepted, formatRefused } from '../../lib/cli/pretty/entry.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { entryClient } from '../../lib/client/entry-client.ts';

const flags = { ...serverFlags, ...createEntryFlags, output: flag.output() } as const;

/** `entry create` */
export default class EntryCreate extends BaseCommand<typeof flags> {
  static override readonly summary = 'Create registration entries, from flags or from a file';
  static override readonly examples = [
    '<%= config.bin %> entry create --spiffe-id spiffe://example.org/web --parent-id spiffe://example.org/host --selector unix:uid:1000',
    '<%= config.bin %> entry create --data entries.json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry create';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { signal } = context;
    await using rpc = await connectToServer(context);
    const { data } = context.flags;
    const entries = data === '' ? [newEntry(context.flags)] : await readEntryData(data, context);
    const response = await entryClient(rpc).batchCreateEntry({ entries, outputMask: undefined }, { signal });
    const results = withRefusedEntries(response.results, entries);
    await printBatch(context, results, {
      accepted: () => formatAccepted(results),
      refused: () => formatRefused(results, 'create'),
      message: 'failed to create one or more entries',
    });
    return 0;
  }
}
