import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { parseRequiredIdFlag } from '../../lib/cli/id-flag.ts';
import { localZone } from '../../lib/cli/local-zone.ts';
import { formatShownAgent } from '../../lib/cli/pretty/agent.ts';
import { protoJson } from '../../lib/cli/protojson.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { agentClient } from '../../lib/client/agent-client.ts';

const flags = {
  ...serverFlags,
  spiffeID: flag.string({ usage: 'SPIFFE ID of the agent' }),
  output: flag.output({ nameField: 'id' }),
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
    await using rpc = await connectToServer(context);
    const request = { id: parseRequiredIdFlag(context.flags.spiffeID), outputMask: undefined };
    const agent = await agentClient(rpc).getAgent(request, { signal: context.signal });
    await context.print({
      pretty: () => formatShownAgent(agent, (epochSeconds) => localZone(epochSeconds, context.env)),
      json: () => protoJson(agent),
    });
    return 0;
  }
}
