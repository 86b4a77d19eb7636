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

/** `federation update` */
export default class FederationUpdate extends BaseCommand<typeof flags> {
  static override readonly summary = 'Change where the bundle of another trust domain is fetched from';
  static override readonly examples = [
    '<%= config.bin %> federation update --trust-domain far.example --bundle-endpoint-url https://new.far.example/bundle --bundle-endpoint-profile https_spiffe --endpoint-spiffe-id spiffe://far.example/spire/server',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation update';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const federationRelationships = await requestedRelationships(context);
    const request = { federationRelationships, inputMask: undefined, outputMask: undefined };
    const { results } = await awaitWithin(
      'request failed',
      trustDomainClient(rpc).batchUpdateFederationRelationship(request, { signal: context.signal }),
    );
    await printBatch(context, results, {
      accepted: () => formatAccepted(results),
      refused: () => formatRefused(results, federationRelationships, 'update'),
      message: 'failed to update one or more federation relationships',
    });
    return 0;
  }
}
