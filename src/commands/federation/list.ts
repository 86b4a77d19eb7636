import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { federationTable, formatRelationships } from '../../lib/cli/pretty/federation.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { trustDomainClient } from '../../lib/client/trust-domain-client.ts';

const flags = { ...serverFlags, output: flag.output() } as const;

/** `federation list` */
export default class FederationList extends BaseCommand<typeof flags> {
  static override readonly summary = 'List the trust domains whose bundles the server fetches';
  static override readonly examples = ['<%= config.bin %> federation list'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation list';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    // As in SPIRE's CLI no page size is asked for: the server answers with all of them at once.
    const request = { outputMask: undefined, pageSize: 0, pageToken: '' };
    const response = await awaitWithin(
      'error listing federation relationship',
      trustDomainClient(rpc).listFederationRelationships(request, { signal: context.signal }),
    );
    const relationships = response.federationRelationships;
    await context.print({
      pretty: () => formatRelationships(relationships),
      json: () => protoJson(response),
      items: () => relationships.map((relationship) => protoJson(relationship)),
      // Nothing in a table says less than a sentence.
      ...(relationships.length === 0 ? {} : { table: () => federationTable(relationships) }),
    });
    return 0;
  }
}
