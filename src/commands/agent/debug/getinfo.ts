import { chooseAgentAdminTarget } from '../../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatAgentInfo } from '../../../lib/cli/pretty/agent-info.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { agentAdminSocketFlags } from '../../../lib/cli/sockets.ts';
import { agentAdminClient } from '../../../lib/client/agent-admin-client.ts';
import { RpcClient } from '../../../lib/rpc/client.ts';

const flags = { ...agentAdminSocketFlags, output: flag.output() };

/** `spire-agent debug getinfo`. */
export default class AgentDebugGetinfo extends BaseCommand<typeof flags> {
  static override readonly summary = "Show the agent's uptime, last sync, cached SVIDs and its own SVID";
  static override readonly goFlags = flags;
  static override readonly usageName = 'debug getinfo';
  static override readonly errorPrefix = 'Error: ';
  static override readonly examples = ['<%= config.bin %> agent debug getinfo --output json'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    await using rpc = new RpcClient(await chooseAgentAdminTarget(context.flags, context));
    const info = await agentAdminClient(rpc).debug.getInfo({}, { signal: context.signal });
    await context.print({ pretty: () => formatAgentInfo(info), json: () => protoJson(info) });
  }
}
