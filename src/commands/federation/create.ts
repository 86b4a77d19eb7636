import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { printBatch } from '../../lib/cli/batch-outcome.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { federationFlags, requestedRelationships } from '../../lib/cli/federation-flags.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatAccepted, formatRefused } from '../../lib/cli/pretty/federation.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { trustDomainClient } from '../../lib/client/trust-domain-client.ts';

const flags = {
  ...serverFlags,
  ...federationFlags,
  output: flag.output({ nameField: 'federation_relationship.trust_domain' }),
} as const;

/** `federation create` */
export default class FederationCreate extends BaseCommand<typeof flags> {
  static override readonly summary = 'Fetch the bundle of another trust domain from now on';
  static override readonly examples = [
    '<%= config.bin %> federation create --trust-domain far.example --bundle-endpoint-url https://far.example/bundle --bundle-endpoint-profile https_web',
    '<%= config.bin %> federation create --data relationships.json',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation create';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const federationRelationships = await requestedRelationships(context);
    const request = { federationRelationships, outputMask: undefined };
    const { results } = await awaitWithin(
      'request failed',
      trustDomainClient(rpc).batchCreateFederationRelationship(request, { signal: context.signal }),
    );
    await printBatch(context, results, {
      accepted: () => formatAccepted(results),
      refused: () => formatRefused(results, federationRelationships, 'create'),
      message: 'failed to create one or more federation relationships',
    });
    return 0;
  }
}
