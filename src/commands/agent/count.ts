import { agentFilter, agentFilterFlags } from '../../lib/cli/agent-filter.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatAgentCount } from '../../lib/cli/pretty/agent.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { agentClient } from '../../lib/client/agent-client.ts';

const flags = { ...serverFlags, ...agentFilterFlags, output: flag.output() } as const;

/** `agent count` */
export default class AgentCount extends BaseCommand<typeof flags> {
  static override readonly summary = 'Count the agents that attested to the server';
  static override readonly examples = ['<%= config.bin %> agent count --can-reattest true'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'agent count';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToServer(context);
    const filter = agentFilter(context);
    const response = await agentClient(rpc).countAgents({ filter }, { signal: context.signal });
    await context.print({ pretty: () => formatAgentCount(response.count), json: () => protoJson(response) });
    return 0;
  }
}
