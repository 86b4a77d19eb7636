import { agentFilter, agentFilterFlags } from '../../lib/cli/agent-filter.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatAgentCount } from '../../lib/cli/pretty/agent.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { serverSocketFlags, serverTarget } from '../../lib/cli/sockets.ts';
import { agentClient } from '../../lib/client/agent-client.ts';
import { RpcClient } from '../../lib/rpc/client.ts';

const flags = { ...serverSocketFlags, ...agentFilterFlags, output: flag.output() } as const;

/** `agent count` */
export default class AgentCount extends BaseCommand<typeof flags> {
  static override readonly summary = 'Count the agents that attested to the server';
  static override readonly examples = ['<%= config.bin %> agent count --can-reattest true'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'agent count';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = new RpcClient(serverTarget(context.flags, context.env));
    const filter = agentFilter(context.flags);
    const response = await agentClient(rpc).countAgents({ filter }, { signal: context.signal });
    await context.print({ pretty: () => formatAgentCount(response.count), json: () => protoJson(response) });
    return 0;
  }
}
