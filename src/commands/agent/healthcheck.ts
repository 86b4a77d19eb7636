import { chooseAgentTarget } from '../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { checkHealth } from '../../lib/cli/health-check.ts';
import { agentSocketFlags } from '../../lib/cli/sockets.ts';
import { RpcClient } from '../../lib/rpc/client.ts';

const flags = {
  ...agentSocketFlags,
  shallow: flag.bool({ usage: 'Accepted for the sake of old scripts; the check is the same' }),
  verbose: flag.bool({ usage: 'Say what is done and why it fails' }),
};

/** `spire-agent healthcheck`. */
export default class AgentHealthcheck extends BaseCommand<typeof flags> {
  static override readonly summary = 'Tell whether the agent is healthy';
  static override readonly goFlags = flags;
  static override readonly usageName = 'health';
  static override readonly errorPrefix = 'Agent is unhealthy: ';
  static override readonly examples = ['<%= config.bin %> agent healthcheck && echo ready'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { verbose } = context.flags;
    if (verbose) context.out('Checking agent health...');
    await using rpc = new RpcClient(await chooseAgentTarget(context.flags, context));
    const check = checkHealth(rpc, { who: 'agent', context, verbose });
    // The drop-in's prefix says the same of every failure.
    await (context.program === 'spirekit' ? awaitWithin('agent is unhealthy', check) : check);
    context.out('Agent is healthy.');
  }
}
