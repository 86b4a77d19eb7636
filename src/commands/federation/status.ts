import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import {
  federationStatusJson,
  federationStatusTable,
  formatFederationRemarks,
  formatFederationStatus,
} from '../../lib/cli/pretty/federation-status.ts';
import { ProgressLine } from '../../lib/cli/progress-line.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { type FederationStatus, readFederationStatus } from '../../lib/federating/federation-status.ts';
import { DocumentFetcher } from '../../lib/fetch/document-fetcher.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';

const flags = {
  ...serverFlags,
  noFetch: flag.bool({ usage: 'Do not ask the bundle endpoints; only say what the server tells' }),
  output: flag.output(),
} as const;

/** `spirekit federation status` */
export default class FederationStatusCommand extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show how fresh the bundles of federated trust domains are, and who uses them';
  static override readonly description =
    'Asks the server for relationships, bundles and entries, and each bundle endpoint from here. Exits with 0 if all is well, with 10 if something needs attention, with 9 if every root of a bundle has expired.';
  static override readonly examples = [
    '<%= config.bin %> federation status',
    '<%= config.bin %> federation status --no-fetch --output json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation status';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { clock, signal } = context;
    context.abortOn('SIGINT', 'SIGTERM');
    await using rpc = await connectToServer(context);
    const status = await readStatus(rpc, context, { clock, signal });
    await context.print({
      pretty: () => formatFederationStatus(status),
      json: () => federationStatusJson(status),
      ...(status.domains.length === 0 ? {} : { table: () => federationStatusTable(status) }),
    });
    const isChosen = context.given.has('output') || context.given.has('template');
    const isTable = !isChosen || context.flags.output === 'table';
    if (isTable && status.domains.length > 0) context.io.stderr.write(formatFederationRemarks(status));
    return exitCodeOf(status);
  }
}

async function readStatus(
  rpc: Parameters<typeof readFederationStatus>[0],
  context: CommandContext<typeof flags>,
  { clock, signal }: Pick<CommandContext, 'clock' | 'signal'>,
): Promise<FederationStatus> {
  let line: ProgressLine | undefined;
  try {
    return await readFederationStatus(rpc, {
      clock,
      signal,
      fetcher: context.flags.noFetch ? undefined : new DocumentFetcher({ clock }),
      onProgress: (done, total) => {
        line ??= new ProgressLine(context, total);
        line.show(done);
      },
    });
  } finally {
    line?.[Symbol.dispose]();
  }
}

function exitCodeOf({ domains }: FederationStatus): number {
  const findings = domains.flatMap((domain) => domain.findings);
  if (findings.some(({ code }) => code === 'SPK-6102')) return EXIT_CODES.invalid;
  return findings.some(({ severity }) => severity !== 'info') ? EXIT_CODES.wouldChange : EXIT_CODES.ok;
}
