import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { printBatch, withRefusedEntries } from '../../lib/cli/batch-outcome.ts';
import { withBatchProgress } from '../../lib/cli/batch-progress.ts';
import { readEntryData } from '../../lib/cli/entry-data.ts';
import { createEntryFlags, newEntry } from '../../lib/cli/entry-flags.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatAccepted, formatRefused } from '../../lib/cli/pretty/entry.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { createEntries, createEntriesAsGiven } from '../../lib/client/entry-batches.ts';

const flags = {
  ...serverFlags,
  ...createEntryFlags,
  wait: flag.durationValue({
    usage: 'Wait for so long until the Workload API gives this process the new SPIFFE IDs',
    isExtension: true,
  }),
  output: flag.output({ nameField: 'entry.id' }),
} as const;

/** `entry create` */
export default class EntryCreate extends BaseCommand<typeof flags> {
  static override readonly summary = 'Create registration entries, from flags or from a file';
  static override readonly examples = [
    '<%= config.bin %> entry create --spiffe-id spiffe://example.org/web --parent-id spiffe://example.org/host --selector unix:uid:1000',
    '<%= config.bin %> entry create --data entries.json',
    '<%= config.bin %> entry create --spiffe-id spiffe://example.org/job --parent-id spiffe://example.org/host --selector unix:uid:1000 --wait 60s',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry create';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { data, wait } = context.flags;
    const waiting = wait > 0n ? await import('../../lib/cli/entry-wait.ts') : undefined;
    await using rpc = await connectToServer(waiting === undefined ? context : forServer(context));
    const isBulk = data !== '';
    const entries = isBulk ? await readEntryData(data, context) : [newEntry(context.flags)];
    waiting?.refuseHidden(entries);
    const answers = isBulk
      ? withBatchProgress(context, entries.length, (options) => createEntries(rpc, entries, options))
      : createEntriesAsGiven(rpc, entries, context);
    const results = withRefusedEntries(await answers, entries);
    await printBatch(context, results, {
      accepted: () => formatAccepted(results),
      refused: () => formatRefused(results, 'create', { withPlaces: isBulk && context.program === 'spirekit' }),
      message: 'failed to create one or more entries',
    });
    await waiting?.waitForIdentities(entries, context);
    return 0;
  }
}

/** With `-wait`, a Workload API may be named that is not for the call of a server elsewhere. */
function forServer(context: CommandContext<typeof flags>): CommandContext<typeof flags> {
  if (context.flags.serverAddr !== '') return context;
  return { ...context, given: new Set([...context.given].filter((name) => name !== 'workloadSocket')) };
}
