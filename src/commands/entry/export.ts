import { join } from 'node:path';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { entryFilter, entryFilterFlags } from '../../lib/cli/entry-filter.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { escapeControls } from '../../lib/cli/terminal-text.ts';
import { sortEntries } from '../../lib/client/entry-order.ts';
import { lostInStaticEntry } from '../../lib/desiredentries/entry-writing.ts';
import { exportFiles, formatExport, parseExportFormat } from '../../lib/desiredentries/export-files.ts';
import { listAllEntries } from '../../lib/desiredentries/server-state.ts';
import { AtomicFiles } from '../../lib/runtime/atomic-file.ts';
import { counted } from '../../lib/runtime/counted.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { makeFolder } from '../../lib/runtime/sync-folder.ts';
import type { Entry } from '../../lib/wire/gen/spire/api/types/entry.ts';

const flags = {
  ...serverFlags,
  ...entryFilterFlags,
  format: flag.string({ usage: 'How entries are written: json, yaml or cluster-static-entry', default: 'json' }),
  toFile: flag.string({ usage: "Write to this file; '-', the default, is stdout" }),
  outputDir: flag.string({ usage: 'Write to this folder instead, a file for each parent' }),
  withoutIDs: flag.bool({ usage: 'Leave out the IDs of entries, for another server or owner to make its own' }),
} as const;

/** `spirekit entry export` */
export default class EntryExport extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Write the entries of the server as files that `entry plan` and `entry apply` read';
  static override readonly description =
    'In JSON also SPIRE reads them, by `entry create -data`. What is exported and planned again is the same. `server export` takes bundles and federation along.';
  static override readonly examples = [
    '<%= config.bin %> entry export --format yaml --output-dir entries',
    '<%= config.bin %> entry export --parent-id spiffe://example.org/host --format cluster-static-entry',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'entry export';

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { toFile, outputDir, withoutIDs } = context.flags;
    const format = parseExportFormat(context.flags.format);
    if (toFile !== '' && outputDir !== '') {
      throw new SpirekitError('usage', '-toFile and -outputDir name two places: give one of them');
    }
    const filter = entryFilter(context.flags);
    await using rpc = await connectToServer(context);
    const found = sortEntries(await listAllEntries(rpc, { filter, outputMask: undefined, signal: context.signal }));
    const entries = withoutIDs ? found.map((entry) => ({ ...entry, id: '' })) : found;
    const files =
      outputDir === ''
        ? new Map([[toFile === '' ? '-' : toFile, formatExport(entries, format)]])
        : new Map([...exportFiles(entries, format)].map(([name, text]) => [join(outputDir, name), text]));
    if (outputDir !== '') await makeFolder(outputDir, 0o700);
    await write(files, context);
    if (!files.has('-')) {
      context.err(`Wrote ${counted(found.length, 'entry', 'entries')} to ${counted(files.size, 'file', 'files')}.`);
    }
    if (format === 'cluster-static-entry') tellLosses(found, context);
  }
}

/** Selectors and names tell much of a site: files are their owner's alone. */
async function write(files: ReadonlyMap<string, string>, { io }: CommandContext<typeof flags>): Promise<void> {
  await using staged = new AtomicFiles();
  for (const [path, text] of files) {
    if (path === '-') io.stdout.write(text);
    else await staged.stage(path, text, { mode: 0o600 });
  }
  await staged.commit();
}

/** @throws SpirekitError `partial-failure` if an entry is not whole */
function tellLosses(entries: readonly Entry[], { err }: CommandContext<typeof flags>): void {
  const losses = entries
    .map((entry) => ({ entry, lost: lostInStaticEntry(entry) }))
    .filter(({ lost }) => lost.length > 0);
  for (const { entry, lost } of losses)
    err(escapeControls(`entry ${entry.id} is written without its ${lost.join(', ')}`));
  if (losses.length === 0) return;
  throw new SpirekitError(
    'partial-failure',
    `ClusterStaticEntry has no field for some of ${counted(losses.length, 'entry', 'entries')}; json and yaml have`,
  );
}
