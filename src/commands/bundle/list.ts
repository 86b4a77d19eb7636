import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { parseBundleFormat } from '../../lib/cli/bundle-data.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { bundleTable, formatBundle, formatListedBundle } from '../../lib/cli/pretty/bundle.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { bundleClient } from '../../lib/client/bundle-client.ts';
import { bundlePages } from '../../lib/client/bundle-listing.ts';

const flags = {
  ...serverFlags,
  id: flag.string({ usage: 'Only the bundle of this trust domain' }),
  format: flag.string({ usage: 'How pretty output shows bundles: pem or spiffe', default: 'pem' }),
  output: flag.output({ nameField: 'trust_domain' }),
} as const;

/** `bundle list` */
export default class BundleList extends BaseCommand<typeof flags> {
  static override readonly summary = 'List the trust bundles of other trust domains';
  static override readonly examples = [
    '<%= config.bin %> bundle list',
    '<%= config.bin %> bundle list --id spiffe://far.example --format spiffe --output pretty',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'bundle list';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { id, format } = context.flags;
    const { signal } = context;
    await using rpc = await connectToServer(context);
    const client = bundleClient(rpc);
    if (id !== '') {
      const bundle = await client.getFederatedBundle({ trustDomain: id, outputMask: undefined }, { signal });
      await context.print({
        pretty: () => formatBundle(bundle, parseBundleFormat(format)),
        json: () => protoJson(bundle),
      });
      return 0;
    }
    await context.printList({
      pages: await bundlePages(client, { signal }),
      head: '',
      // A wrong format matters only once there is a bundle to show.
      pretty: (bundle, index) => formatListedBundle(bundle, parseBundleFormat(format), index),
      json: (bundle) => protoJson(bundle),
      listName: 'bundles',
      table: bundleTable,
      hasEmptyTable: true,
    });
    return 0;
  }
}
