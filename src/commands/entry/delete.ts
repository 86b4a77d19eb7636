import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { isPretty, reportBatch } from '../../lib/cli/batch-outcome.ts';
import { withBatchProgress } from '../../lib/cli/batch-progress.ts';
import { readEntryIds } from '../../lib/cli/entry-data.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatDeleted, formatNotDeleted } from '../../lib/cli/pretty/entry.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { undoFileFlag } from '../../lib/cli/undo-flag.ts';
import { deleteEntries } from '../../lib/client/entry-batches.ts';
import type { RpcClient } from '../../lib/rpc/client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = {
  ...serverFlags,
  entryID: flag.string({ usage: 'ID of the entry to delete' }),
  file: flag.string({ usage: 'JSON file with the IDs of several entries: {"ids": ["..."]}; \'-\' reads stdin' }),
  ...undoFileFlag,
  output: flag.output({ nameField: 'id' }),
} as const;

/** `entry delete` */
export default class EntryDelete extends BaseCommand<typeof flags> {
  static override readonly summary = 'Delete registration entries';
  static override readonly examples = [
    '<%= config.bin %> entry delete --entry-id web',
    '<%= config.bin %> entry delete --file ids.json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry delete';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const withPlaces = context.flags.file !== '' && context.program === 'spirekit';
    const ids = await idsToDelete(context);
    await keep(rpc, ids, context);
    const results = await withBatchProgress(context, ids.length, (options) => deleteEntries(rpc, ids, options));
    await context.print({
      // SPIRE's text has no line's end; the umbrella's has.
      pretty: () => `${formatDeleted(results)}${context.program === 'spirekit' ? '\n' : ''}`,
      json: () => protoJson({ results }),
      items: () => results.map((result) => protoJson(result)),
    });
    reportBatch(context, results, {
      isPretty: isPretty(context.flags.output),
      message: 'failed to delete one or more entries',
      details: () => formatNotDeleted(results, { withPlaces }),
    });
    return 0;
  }
}

async function idsToDelete(context: CommandContext<typeof flags>): Promise<string[]> {
  const { file, entryID } = context.flags;
  if (file !== '') return readEntryIds(file, context);
  if (entryID === '') throw new SpirekitError('usage', 'an entry ID is required');
  return [entryID];
}

/** For who asks for it, how the entries are now. */
async function keep(rpc: RpcClient, ids: readonly string[], context: CommandContext<typeof flags>): Promise<void> {
  const { undoFile } = context.flags;
  if (undoFile === '') return;
  const { keepForUndo } = await import('../../lib/desiredentries/keep-for-undo.ts');
  await keepForUndo(rpc, ids, undoFile, context);
}
