import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import {
  documentFormat,
  inspectFlags,
  judgedAtMs,
  loadTypedSource,
  onlyArgument,
} from '../../lib/cli/inspect-flags.ts';
import { svidInspectionJson } from '../../lib/cli/inspect-json.ts';
import { formatSvidInspections } from '../../lib/cli/pretty/svid-inspection.ts';
import { inspectSvid } from '../../lib/inspect/svid-inspection.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = inspectFlags;

/** `svid inspect` */
export default class SvidInspect extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Show an X509-SVID or JWT-SVID: chain, names, times, and what the standards say of it';
  static override readonly description =
    'The source is a file, `-`, a folder in any layout, a Workload API (unix:PATH, or workload: for the usual one), a peer (host:port) or an https URL. Exits 0 whatever is found; `svid verify` is the one that judges.';
  static override readonly examples = [
    '<%= config.bin %> svid inspect /run/identity',
    '<%= config.bin %> svid inspect workload:',
    '<%= config.bin %> svid inspect db.example.org:8443',
    '<%= config.bin %> svid inspect token.jwt --output json',
  ];
  static override readonly args = { source: { description: 'What to look at' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'svid inspect';

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const source = onlyArgument(context.args, 'source');
    const nowMs = judgedAtMs(context);
    const format = documentFormat(context.flags.format);
    const documents = await loadTypedSource(source, { purpose: 'svid', format }, context);
    const inspections = documents.flatMap((document) =>
      document.kind === 'bundle' ? [] : [inspectSvid(document, nowMs)],
    );
    if (inspections.length === 0) throw new SpirekitError('not-found', `there is no SVID in ${source}`);
    await context.print({
      pretty: () => formatSvidInspections(inspections, nowMs),
      json: () => svidInspectionJson(inspections, nowMs),
    });
  }
}
