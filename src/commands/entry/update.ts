import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { printBatch, withRefusedEntries } from '../../lib/cli/batch-outcome.ts';
import { withBatchProgress } from '../../lib/cli/batch-progress.ts';
import { readEntryData } from '../../lib/cli/entry-data.ts';
import { changedEntry, keepAttributes, updateEntryFlags } from '../../lib/cli/entry-flags.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatAccepted, formatRefused } from '../../lib/cli/pretty/entry.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { undoFileFlag } from '../../lib/cli/undo-flag.ts';
import { updateEntries } from '../../lib/client/entry-batches.ts';
import { type EntryClient, entryClient } from '../../lib/client/entry-client.ts';
import type { RpcClient } from '../../lib/rpc/client.ts';
import type { Entry } from '../../lib/wire/gen/spire/api/types/entry.ts';

const flags = {
  ...serverFlags,
  ...updateEntryFlags,
  ...undoFileFlag,
  output: flag.output({ nameField: 'entry.id' }),
} as const;

/** `entry update` */
export default class EntryUpdate extends BaseCommand<typeof flags> {
  static override readonly summary = 'Replace registration entries, from flags or from a file';
  static override readonly description =
    'Everything that is not given again falls back to its default, except the two additional attributes.';
  static override readonly examples = [
    '<%= config.bin %> entry update --entry-id web --spiffe-id spiffe://example.org/web --parent-id spiffe://example.org/host --selector unix:uid:1001',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry update';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const { data } = context.flags;
    const isBulk = data !== '';
    const entries = isBulk
      ? await readEntryData(data, context)
      : [await withKeptAttributes(changedEntry(context.flags), entryClient(rpc), context)];
    await keep(
      rpc,
      entries.map(({ id }) => id),
      context,
    );
    const results = withRefusedEntries(
      await withBatchProgress(context, entries.length, (options) => updateEntries(rpc, entries, options)),
      entries,
    );
    await printBatch(context, results, {
      accepted: () => formatAccepted(results),
      refused: () => formatRefused(results, 'update', { withPlaces: isBulk && context.program === 'spirekit' }),
      message: 'failed to update one or more entries',
    });
    return 0;
  }
}

/** Only when a flag sets one attribute: the other one is then taken over from the entry as it stands. */
async function withKeptAttributes(
  entry: Entry,
  client: EntryClient,
  { signal }: Pick<CommandContext, 'signal'>,
): Promise<Entry> {
  if (entry.additionalAttributes === undefined) return entry;
  const existing = await awaitWithin(
    'failed to fetch existing entry to merge additional attributes',
    client.getEntry({ id: entry.id, outputMask: undefined }, { signal }),
  );
  return keepAttributes(entry, existing);
}

/** For who asks for it, how the entries are now. */
async function keep(rpc: RpcClient, ids: readonly string[], context: CommandContext<typeof flags>): Promise<void> {
  const { undoFile } = context.flags;
  if (undoFile === '') return;
  const { keepForUndo } = await import('../../lib/desiredentries/keep-for-undo.ts');
  await keepForUndo(rpc, ids, undoFile, context);
}
