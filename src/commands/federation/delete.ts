import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { isAccepted, isPretty, reportBatch } from '../../lib/cli/batch-outcome.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { trustDomainClient } from '../../lib/client/trust-domain-client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { goQuote } from '../../lib/runtime/go-quote.ts';

const flags = {
  ...serverFlags,
  id: flag.string({ usage: 'Name or SPIFFE ID of the trust domain' }),
  output: flag.output({ nameField: 'results.trust_domain' }),
} as const;

/** `federation delete` */
export default class FederationDelete extends BaseCommand<typeof flags> {
  static override readonly summary = 'Stop fetching the bundle of another trust domain';
  static override readonly examples = ['<%= config.bin %> federation delete --id far.example'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation delete';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const { id } = context.flags;
    if (id === '') throw new SpirekitError('usage', 'id is required');
    const response = await awaitWithin(
      'failed to delete federation relationship',
      trustDomainClient(rpc).batchDeleteFederationRelationship({ trustDomains: [id] }, { signal: context.signal }),
    );
    const [result] = response.results;
    await context.print({
      pretty: () => (isAccepted(result) ? 'federation relationship deleted.\n' : ''),
      json: () => protoJson(response),
    });
    reportBatch(context, response.results, {
      isPretty: isPretty(context.flags.output),
      message: `failed to delete federation relationship ${goQuote(result?.trustDomain ?? '')}: ${result?.status?.message ?? ''}`,
    });
    return 0;
  }
}
