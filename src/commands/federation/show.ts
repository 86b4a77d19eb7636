import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatShownRelationship } from '../../lib/cli/pretty/federation.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { trustDomainClient } from '../../lib/client/trust-domain-client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';

const flags = {
  ...serverFlags,
  trustDomain: flag.string({ usage: 'Name of the trust domain' }),
  output: flag.output({ nameField: 'trust_domain' }),
} as const;

/** `federation show` */
export default class FederationShow extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show where the bundle of a trust domain is fetched from';
  static override readonly examples = ['<%= config.bin %> federation show --trust-domain far.example'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation show';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const { trustDomain } = context.flags;
    if (trustDomain === '') throw new SpirekitError('usage', 'a trust domain name is required');
    const request = { trustDomain, outputMask: undefined };
    const relationship = await awaitWithin(
      'error showing federation relationship',
      trustDomainClient(rpc).getFederationRelationship(request, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatShownRelationship(relationship, trustDomain),
      json: () => protoJson(relationship),
    });
    return 0;
  }
}
