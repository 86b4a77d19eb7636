import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { isAccepted, isPretty, reportBatch } from '../../lib/cli/batch-outcome.ts';
import { parseBundleData, parseBundleFormat } from '../../lib/cli/bundle-data.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { readInputFile, readInputStream } from '../../lib/cli/input-file.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { bundleClient } from '../../lib/client/bundle-client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import type { Bundle } from '../../lib/wire/gen/spire/api/types/bundle.ts';

const flags = {
  ...serverFlags,
  id: flag.string({ usage: 'Trust domain of the bundle' }),
  path: flag.string({ usage: 'File with the bundle; stdin if none is given' }),
  format: flag.string({ usage: 'How the bundle is written: pem or spiffe', default: 'pem' }),
  output: flag.output({ nameField: 'results.bundle.trust_domain' }),
} as const;

/** `bundle set` */
export default class BundleSet extends BaseCommand<typeof flags> {
  static override readonly summary = 'Add or replace the trust bundle of another trust domain';
  static override readonly examples = [
    '<%= config.bin %> bundle set --id spiffe://far.example --format spiffe --path far.json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'bundle set';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const bundle = await readBundle(context);
    const response = await awaitWithin(
      'failed to set federated bundle',
      bundleClient(rpc).batchSetFederatedBundle(
        { bundle: [bundle], outputMask: undefined },
        { signal: context.signal },
      ),
    );
    const [result] = response.results;
    await context.print({
      pretty: () => (isAccepted(result) ? 'bundle set.\n' : ''),
      json: () => protoJson(response),
    });
    reportBatch(context, response.results, {
      isPretty: isPretty(context.flags.output),
      message: `failed to set federated bundle: ${result?.status?.message ?? ''}`,
    });
    return 0;
  }
}

async function readBundle(context: CommandContext<typeof flags>): Promise<Bundle> {
  const { id, path } = context.flags;
  const { signal } = context;
  if (id === '') throw new SpirekitError('usage', 'id flag is required');
  const format = parseBundleFormat(context.flags.format);
  const bytes = await awaitWithin(
    'unable to load bundle data',
    path === '' ? readInputStream(context.io.stdin, { signal }) : readInputFile(path, { signal }),
  );
  return parseBundleData(bytes, format, id);
}
