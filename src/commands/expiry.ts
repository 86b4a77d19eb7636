import { BaseCommand, type CommandContext } from '../lib/cli/base-command.ts';
import { flag } from '../lib/cli/go-flags.ts';
import { documentFormat, inspectFlags, judgedAtMs, loadTypedSource } from '../lib/cli/inspect-flags.ts';
import { expiryJson, expiryTable, formatExpiry } from '../lib/cli/pretty/expiry.ts';
import { type ExpiryItem, expiryOf, unreadableSource, worstExpiry } from '../lib/inspect/expiry.ts';
import { expiryJunitText, expiryMetricsText } from '../lib/inspect/expiry-reports.ts';
import { parseRenewalThreshold } from '../lib/inspect/renewal.ts';
import { sourcesFor } from '../lib/inspect/source-patterns.ts';
import { writeFileAtomic } from '../lib/runtime/atomic-file.ts';
import { SpirekitError } from '../lib/runtime/errors.ts';
import { EXIT_CODES } from '../lib/runtime/exit-codes.ts';

const flags = {
  ...inspectFlags,
  warn: flag.string({ usage: 'Warn from this share of a life on, such as 50%' }),
  report: flag.string({ usage: 'Print another report: prometheus (for a textfile collector) or junit' }),
  write: flag.string({ usage: 'Write the report to this file, replaced as a whole, instead of to stdout' }),
} as const;

/** `expiry` */
export default class Expiry extends BaseCommand<typeof flags> {
  static override readonly summary =
    'List when SVIDs, tokens and authorities end, which should have been replaced, and which will be next';
  static override readonly description =
    'Sources are files, folders, patterns, Workload APIs (workload:), servers (server:), peers (host:port) and https URLs; without any, the usual Workload API. STALE is what is past its rotation by a tenth of its life. Exits 0 if all is well, 10 if something is stale or warned of, 9 if something has expired or cannot be read.';
  static override readonly examples = [
    '<%= config.bin %> expiry /run/identity workload: server:',
    '<%= config.bin %> expiry db.example.org:8443 --warn 50%',
    '<%= config.bin %> expiry /run/identity --report prometheus --write /var/lib/node_exporter/spirekit.prom',
  ];
  static override readonly args = { source: { description: 'What to look at; several may be given' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'expiry';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const nowMs = judgedAtMs(context);
    const warnShare = warningShare(context.flags.warn);
    const report = reportOf(context.flags.report);
    if (context.flags.write !== '' && report === undefined) {
      throw new SpirekitError('usage', '--write is of use only together with --report');
    }
    const sources = await sourcesFor(context.args.length === 0 ? ['workload:'] : context.args);
    const items: ExpiryItem[] = [];
    for (const source of sources) items.push(...(await itemsOf(source, context, { nowMs, warnShare })));
    const text = report?.(items, nowMs);
    if (text === undefined) {
      await context.print({
        pretty: () => formatExpiry(items, nowMs),
        json: () => expiryJson(items, nowMs),
        table: () => expiryTable(items, nowMs),
      });
    } else if (context.flags.write === '') context.io.stdout.write(text);
    else await writeFileAtomic(context.flags.write, text, { mode: 0o644 });
    return { fine: EXIT_CODES.ok, attention: EXIT_CODES.wouldChange, broken: EXIT_CODES.invalid }[worstExpiry(items)];
  }
}

/** One that cannot be looked at is a line of the report, and hides no other. */
async function itemsOf(
  source: string,
  context: CommandContext<typeof flags>,
  options: { readonly nowMs: number; readonly warnShare: number | undefined },
): Promise<ExpiryItem[]> {
  try {
    const format = documentFormat(context.flags.format);
    const items = expiryOf(source, await loadTypedSource(source, { purpose: 'any', format }, context), options);
    return items.length > 0
      ? items
      : [unreadableSource(source, new SpirekitError('not-found', 'nothing with a life in it'))];
  } catch (cause) {
    const error = SpirekitError.from(cause);
    if (error.code === 'usage' || error.code === 'canceled') throw error;
    return [unreadableSource(source, error)];
  }
}

function warningShare(text: string): number | undefined {
  if (text === '') return undefined;
  const threshold = parseRenewalThreshold(text);
  if (threshold.kind === 'share') return threshold.used;
  throw new SpirekitError('usage', '--warn is a share of a life, such as 50%');
}

function reportOf(name: string): ((items: readonly ExpiryItem[], nowMs: number) => string) | undefined {
  switch (name) {
    case '':
      return undefined;
    case 'prometheus':
      return expiryMetricsText;
    case 'junit':
      return expiryJunitText;
    default:
      throw new SpirekitError('usage', '--report is prometheus or junit');
  }
}
