import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import {
  documentFormat,
  givenTrustDomain,
  inspectFlags,
  judgedAtMs,
  loadTypedSource,
  onlyArgument,
  trustDomainFlag,
} from '../../lib/cli/inspect-flags.ts';
import { bundleInspectionJson } from '../../lib/cli/inspect-json.ts';
import { formatBundleInspections } from '../../lib/cli/pretty/bundle-inspection.ts';
import { inspectBundle } from '../../lib/inspect/bundle-inspection.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';

const flags = { ...inspectFlags, ...trustDomainFlag } as const;

/** `bundle inspect` */
export default class BundleInspect extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Show what a trust bundle holds: authorities, keys, times, taint, and what the standards say of it';
  static override readonly description =
    'The source is a file, `-`, a folder, an https URL, a Workload API (unix:PATH or workload:) or the private socket of a server (server: or server:PATH), which alone tells taint. Exits 9 for what is no bundle, else 0.';
  static override readonly examples = [
    '<%= config.bin %> bundle inspect bundle.0.pem',
    '<%= config.bin %> bundle inspect server:',
    '<%= config.bin %> bundle inspect https://far.example/bundle --output json',
  ];
  static override readonly args = { source: { description: 'What to look at' } };
  static override readonly goFlags = flags;
  static override readonly usageName = 'bundle inspect';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const source = onlyArgument(context.args, 'source');
    const nowMs = judgedAtMs(context);
    const format = documentFormat(context.flags.format);
    const trustDomain = givenTrustDomain(context);
    const documents = await loadTypedSource(source, { purpose: 'bundle', format, trustDomain }, context);
    const bundles = documents.flatMap((document) =>
      document.kind === 'bundle' || document.kind === 'unreadable' ? [inspectBundle(document, nowMs)] : [],
    );
    if (bundles.length === 0) throw new SpirekitError('not-found', `there is no bundle in ${source}`);
    await context.print({
      pretty: () => formatBundleInspections(bundles, nowMs),
      json: () => bundleInspectionJson(bundles, nowMs),
    });
    return bundles.some(({ form }) => form === 'unreadable') ? EXIT_CODES.invalid : EXIT_CODES.ok;
  }
}
