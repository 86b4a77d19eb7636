import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { isAccepted, isPretty, reportBatch } from '../../lib/cli/batch-outcome.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { bundleClient } from '../../lib/client/bundle-client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { goQuote } from '../../lib/runtime/go-quote.ts';
import { BatchDeleteFederatedBundleRequest_Mode as Mode } from '../../lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';

const flags = {
  ...serverFlags,
  id: flag.string({ usage: 'Trust domain of the bundle' }),
  mode: flag.string({
    usage: 'What becomes of entries that federate with it: restrict (refuse), delete or dissociate',
    default: 'restrict',
  }),
  output: flag.output({ nameField: 'results.trust_domain' }),
} as const;

/** `bundle delete` */
export default class BundleDelete extends BaseCommand<typeof flags> {
  static override readonly summary = 'Delete the trust bundle of another trust domain';
  static override readonly examples = ['<%= config.bin %> bundle delete --id spiffe://far.example --mode dissociate'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'bundle delete';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const { id } = context.flags;
    if (id === '') throw new SpirekitError('usage', 'id is required');
    const request = { trustDomains: [id], mode: parseMode(context.flags.mode) };
    const response = await awaitWithin(
      'failed to delete federated bundle',
      bundleClient(rpc).batchDeleteFederatedBundle(request, { signal: context.signal }),
    );
    const [result] = response.results;
    await context.print({
      pretty: () => (isAccepted(result) ? 'bundle deleted.\n' : ''),
      json: () => protoJson(response),
    });
    reportBatch(context, response.results, {
      isPretty: isPretty(context.flags.output),
      message: `failed to delete federated bundle ${goQuote(result?.trustDomain ?? '')}: ${result?.status?.message ?? ''}`,
    });
    return 0;
  }
}

function parseMode(word: string): Mode {
  switch (word) {
    case '':
    case 'restrict':
      return Mode.RESTRICT;
    case 'delete':
      return Mode.DELETE;
    case 'dissociate':
      return Mode.DISSOCIATE;
    default:
      throw new SpirekitError('invalid-argument', `unsupported mode ${goQuote(word)}`);
  }
}
