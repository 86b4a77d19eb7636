import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { withinOnUmbrella } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { inputName, readInput } from '../../lib/cli/input-file.ts';
import { parseContents } from '../../lib/cli/move/contents-file.ts';
import { moveContents } from '../../lib/cli/move/move-contents.ts';
import { findOtherSide, fromFlags, type OtherSide } from '../../lib/cli/move/other-server.ts';
import { readServerContents, type ServerContents } from '../../lib/cli/move/server-contents.ts';
import { formatMoveReport, moveReportJson, problemsOf } from '../../lib/cli/pretty/move-report.ts';
import { withProgress } from '../../lib/cli/progress-line.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = {
  ...serverFlags,
  ...fromFlags,
  dryRun: flag.bool({ usage: 'Only say what would be created' }),
  output: flag.output(),
} as const;

/** A file with many entries is larger than what one call may carry. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/** `spirekit server import` */
export default class ServerImport extends BaseCommand<typeof flags> {
  static override readonly summary = 'Bring entries, bundles and federation over from another server';
  static override readonly description =
    'Reads them from a running server, SPIRE or spirekit, or from a file that `server export` wrote, and creates in the server what it lacks. What it has stays as it is, so the command can be run again.';
  static override readonly examples = [
    '<%= config.bin %> server import --from-socket-path /tmp/spire-server/private/api.sock --socket-path ./new/api.sock --dry-run',
    '<%= config.bin %> server import --from-file export.json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'server import';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { signal } = context;
    const other = findOtherSide('from', context.flags, context);
    if (other === undefined) {
      throw new SpirekitError(
        'usage',
        'one of -fromSocketPath, -fromServerAddr and -fromFile says where to import from',
      );
    }
    const source = await loadSource(other, context);
    await using rpc = await connectToServer(context);
    const target = await withProgress(context, 'entries read', (onProgress) =>
      readServerContents(rpc, 'server to import into', { signal, onProgress }),
    );
    const report = await withProgress(context, 'moved', (onProgress) =>
      moveContents(source, target, rpc, { dryRun: context.flags.dryRun, signal, onProgress }),
    );
    await context.print({ pretty: () => formatMoveReport(report), json: () => moveReportJson(report) });
    return problemsOf(report).length === 0 ? 0 : context.exitCode('partial-failure');
  }
}

async function loadSource(other: OtherSide, context: CommandContext<typeof flags>): Promise<ServerContents> {
  const { signal, program } = context;
  if (other.kind === 'file') {
    const bytes = await readInput(other.path, context.io.stdin, { signal, maxBytes: MAX_FILE_BYTES });
    return withinOnUmbrella(program, `cannot use ${inputName(other.path)}`, () => parseContents(bytes));
  }
  await using rpc = await other.connect();
  return await withProgress(context, 'entries read', (onProgress) =>
    readServerContents(rpc, 'server to import from', { signal, onProgress }),
  );
}
