import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { localZone } from '../../lib/cli/local-zone.ts';
import type { ZoneOf } from '../../lib/cli/pretty/agent.ts';
import { bundleStatusTable, formatBundleProblems, formatBundleStatuses } from '../../lib/cli/pretty/bundle-status.ts';
import { federationTable, formatRelationships } from '../../lib/cli/pretty/federation.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { federationClient } from '../../lib/client/federation-client.ts';
import { trustDomainClient } from '../../lib/client/trust-domain-client.ts';
import type { RpcClient } from '../../lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../lib/rpc/status.ts';
import type { BundleStatus } from '../../lib/wire/gen/spirekit/api/server/federation/v1/federation.ts';

const flags = {
  ...serverFlags,
  status: flag.bool({
    usage:
      'Tell how the fetching of bundles fares, also of trust domains in the configuration; only of spirekit’s server',
    isExtension: true,
  }),
  output: flag.output({ nameField: 'trust_domain' }),
} as const;

/** `federation list` */
export default class FederationList extends BaseCommand<typeof flags> {
  static override readonly summary = 'List the trust domains whose bundles the server fetches';
  static override readonly examples = [
    '<%= config.bin %> federation list',
    '<%= config.bin %> federation list --status',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'federation list';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    if (context.flags.status) return await printStatuses(rpc, context);
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
    if (context.program === 'spirekit') context.io.stderr.write(formatBundleProblems(await findStatuses(rpc, context)));
    return 0;
  }
}

async function printStatuses(rpc: RpcClient, context: CommandContext<typeof flags>): Promise<number> {
  const response = await awaitWithin(
    'error listing the status of bundles',
    federationClient(rpc).listBundleStatus({}, { signal: context.signal }),
  );
  const { statuses } = response;
  const zoneOf: ZoneOf = (epochSeconds) => localZone(epochSeconds, context.env);
  await context.print({
    pretty: () => formatBundleStatuses(statuses, zoneOf),
    json: () => protoJson(response),
    items: () => statuses.map((status) => protoJson(status)),
    ...(statuses.length === 0 ? {} : { table: () => bundleStatusTable(statuses, zoneOf) }),
  });
  return 0;
}

/** None from a server that cannot tell, as SPIRE's. */
async function findStatuses(rpc: RpcClient, { signal }: CommandContext<typeof flags>): Promise<BundleStatus[]> {
  try {
    return (await federationClient(rpc).listBundleStatus({}, { signal })).statuses;
  } catch (error) {
    if (error instanceof RpcError && error.status === RpcCode.unimplemented) return [];
    throw error;
  }
}
