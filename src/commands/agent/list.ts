import { agentFilter, agentFilterFlags } from '../../lib/cli/agent-filter.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { localZone } from '../../lib/cli/local-zone.ts';
import { agentTable, formatAgent, formatAgentsHead, type ZoneOf } from '../../lib/cli/pretty/agent.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { agentClient } from '../../lib/client/agent-client.ts';
import { listAgents } from '../../lib/client/agent-listing.ts';

const flags = { ...serverFlags, ...agentFilterFlags, output: flag.output({ nameField: 'id' }) } as const;

/** `agent list` */
export default class AgentList extends BaseCommand<typeof flags> {
  static override readonly summary = 'List the agents that attested to the server';
  static override readonly examples = [
    '<%= config.bin %> agent list',
    '<%= config.bin %> agent list --attestation-type join_token --banned false',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'agent list';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const filter = agentFilter(context);
    const { count, pages } = await listAgents(agentClient(rpc), filter, { signal: context.signal });
    const zoneOf: ZoneOf = (epochSeconds) => localZone(epochSeconds, context.env);
    await context.printList({
      pages,
      total: count,
      head: formatAgentsHead(count),
      pretty: (agent) => formatAgent(agent, zoneOf),
      json: (agent) => protoJson(agent),
      listName: 'agents',
      table: (agents) => agentTable(agents, zoneOf),
    });
    return 0;
  }
}
