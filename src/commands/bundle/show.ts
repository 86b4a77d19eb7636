import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { parseBundleFormat } from '../../lib/cli/bundle-data.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatBundle } from '../../lib/cli/pretty/bundle.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { bundleClient } from '../../lib/client/bundle-client.ts';

const flags = {
  ...serverFlags,
  format: flag.string({ usage: 'How pretty output shows the bundle: pem or spiffe', default: 'pem' }),
  output: flag.output({ nameField: 'trust_domain' }),
} as const;

/** `bundle show` */
export default class BundleShow extends BaseCommand<typeof flags> {
  static override readonly summary = "Show the trust bundle of the server's own trust domain";
  static override readonly examples = [
    '<%= config.bin %> bundle show > bundle.crt',
    '<%= config.bin %> bundle show --format spiffe',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'bundle show';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const bundle = await bundleClient(rpc).getBundle({ outputMask: undefined }, { signal: context.signal });
    await context.print({
      pretty: () => formatBundle(bundle, parseBundleFormat(context.flags.format)),
      json: () => protoJson(bundle),
    });
    return 0;
  }
}
