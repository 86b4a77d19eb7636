import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatContents } from '../../lib/cli/move/contents-file.ts';
import { moveContents } from '../../lib/cli/move/move-contents.ts';
import { findOtherSide, toFlags } from '../../lib/cli/move/other-server.ts';
import { readServerContents } from '../../lib/cli/move/server-contents.ts';
import { formatMoveReport, moveReportJson, problemsOf } from '../../lib/cli/pretty/move-report.ts';
import { withProgress } from '../../lib/cli/progress-line.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { AtomicFiles } from '../../lib/runtime/atomic-file.ts';

const flags = {
  ...serverFlags,
  ...toFlags,
  dryRun: flag.bool({ usage: 'Only say what would be created in the other server; without one, write nothing' }),
  output: flag.output(),
} as const;

/** `spirekit server export` */
export default class ServerExport extends BaseCommand<typeof flags> {
  static override readonly summary = 'Take entries, bundles and federation to another server, or to a file';
  static override readonly description =
    'Creates in the other server, SPIRE or spirekit, what it lacks; what it has stays as it is. To a file it writes JSON that `server import` reads, and `entry create -data` and `federation create -data` of SPIRE too.';
  static override readonly examples = [
    '<%= config.bin %> server export --to-file export.json',
    '<%= config.bin %> server export --to-server-addr spire.example.org --to-caller-svid ./operator --dry-run',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'server export';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { signal } = context;
    const { dryRun } = context.flags;
    const other = findOtherSide('to', context.flags, context) ?? { kind: 'file', path: '-' };
    await using rpc = await connectToServer(context);
    const source = await withProgress(context, 'entries read', (onProgress) =>
      readServerContents(rpc, 'server to export from', { signal, onProgress }),
    );
    if (other.kind === 'file') {
      const text = formatContents(source);
      if (!dryRun) await write(other.path, text, context);
      if (dryRun || other.path !== '-') {
        const { bundles, relationships, entries, trustDomain } = source;
        context.err(
          `${dryRun ? 'Would write' : 'Wrote'} ${bundles.length} bundles, ${relationships.length} federation relationships and ${entries.length} entries of ${trustDomain}. Signing keys, agents and join tokens are not among them.`,
        );
      }
      return 0;
    }
    await using target = await other.connect();
    const held = await withProgress(context, 'entries read', (onProgress) =>
      readServerContents(target, 'server to export to', { signal, onProgress }),
    );
    const report = await withProgress(context, 'moved', (onProgress) =>
      moveContents(source, held, target, { dryRun, signal, onProgress }),
    );
    await context.print({ pretty: () => formatMoveReport(report), json: () => moveReportJson(report) });
    return problemsOf(report).length === 0 ? 0 : context.exitCode('partial-failure');
  }
}

/** Selectors and names tell much of a site: the file is its owner's alone. */
async function write(path: string, text: string, context: CommandContext<typeof flags>): Promise<void> {
  if (path === '-') {
    context.io.stdout.write(text);
    return;
  }
  await using files = new AtomicFiles();
  await files.stage(path, text, { mode: 0o600 });
  await files.commit();
}
