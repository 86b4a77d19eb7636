import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { parseRequiredIdFlag } from '../../lib/cli/id-flag.ts';
import { localZone } from '../../lib/cli/local-zone.ts';
import { formatShownAgent } from '../../lib/cli/pretty/agent.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { serverSocketFlags, serverTarget } from '../../lib/cli/sockets.ts';
import { agentClient } from '../../lib/client/agent-client.ts';
import { RpcClient } from '../../lib/rpc/client.ts';

const flags = {
  ...serverSocketFlags,
  spiffeID: flag.string({ usage: 'SPIFFE ID of the agent' }),
  output: flag.output(),
} as const;

/** `agent show` */
export default class AgentShow extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show one agent with its selectors';
  static override readonly examples = [
    '<%= config.bin %> agent show --spiffe-id spiffe://example.org/spire/agent/x509pop/3f2a',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'agent show';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = new RpcClient(serverTarget(context.flags, context.env));
    const request = { id: parseRequiredIdFlag(context.flags.spiffeID), outputMask: undefined };
    const agent = await agentClient(rpc).getAgent(request, { signal: context.signal });
    await context.print({
      pretty: () => formatShownAgent(agent, (epochSeconds) => localZone(epochSeconds, context.env)),
      json: () => protoJson(agent),
    });
    return 0;
  }
}
