import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatBundleCount } from '../../lib/cli/pretty/bundle.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { bundleClient } from '../../lib/client/bundle-client.ts';

const flags = { ...serverFlags, output: flag.output() } as const;

/** `bundle count` */
export default class BundleCount extends BaseCommand<typeof flags> {
  static override readonly summary = "Count the trust bundles that the server keeps, its own and others'";
  static override readonly examples = ['<%= config.bin %> bundle count'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'bundle count';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const response = await bundleClient(rpc).countBundles({}, { signal: context.signal });
    await context.print({ pretty: () => formatBundleCount(response.count), json: () => protoJson(response) });
    return 0;
  }
}
