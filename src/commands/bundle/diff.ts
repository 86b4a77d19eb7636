import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import {
  documentFormat,
  givenTrustDomain,
  inspectFlags,
  judgedAtMs,
  loadTypedSource,
  trustDomainFlag,
} from '../../lib/cli/inspect-flags.ts';
import { bundleDiffJson } from '../../lib/cli/inspect-json.ts';
import { formatBundleDiff } from '../../lib/cli/pretty/bundle-inspection.ts';
import { diffBundles } from '../../lib/inspect/bundle-diff.ts';
import { type BundleDocument, bundlesIn } from '../../lib/inspect/document.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';

const flags = { ...inspectFlags, ...trustDomainFlag } as const;

/** `bundle diff` */
export default class BundleDiff extends BaseCommand<typeof flags> {
  static override readonly summary =
    'Compare two copies of trust bundles, and say what peers with the one make of the other';
  static override readonly description =
    'Sources as for `bundle inspect`. Of sources with bundles of several trust domains all are compared, unless --trust-domain names one. Exits 0 if they are the same and 10 if they differ.';
  static override readonly examples = [
    '<%= config.bin %> bundle diff /run/identity/bundle.0.pem server:',
    '<%= config.bin %> bundle diff workload: https://example.org/bundle --trust-domain example.org',
  ];
  static override readonly args = {
    first: { description: 'The copy that peers may have' },
    second: { description: 'The copy it is compared with' },
  };
  static override readonly goFlags = flags;
  static override readonly usageName = 'bundle diff';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const [first, second, ...others] = context.args;
    if (first === undefined || second === undefined || others.length > 0) {
      throw new SpirekitError('usage', 'give two sources to compare');
    }
    const nowMs = judgedAtMs(context);
    const format = documentFormat(context.flags.format);
    const trustDomain = givenTrustDomain(context);
    const read = async (source: string): Promise<BundleDocument[]> => {
      const documents = await loadTypedSource(source, { purpose: 'bundle', format, trustDomain }, context);
      return bundlesIn(source, documents).filter(
        (bundle) => trustDomain?.equals(bundle.trustDomain ?? trustDomain) ?? true,
      );
    };
    const differences = diffBundles(await read(first), await read(second), nowMs);
    await context.print({
      pretty: () => formatBundleDiff(differences),
      json: () => bundleDiffJson([first, second], differences, nowMs),
    });
    return differences.length === 0 ? EXIT_CODES.ok : EXIT_CODES.wouldChange;
  }
}
