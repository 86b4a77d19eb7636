import { purgeAgents } from '../../lib/cli/agent-purge.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { formatPurge, purgeJson } from '../../lib/cli/pretty/agent-purge.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import { agentClient } from '../../lib/client/agent-client.ts';

/** 30 days. */
const DEFAULT_EXPIRED_FOR_NANOSECONDS = 30n * 24n * 3_600_000_000_000n;

const flags = {
  ...serverFlags,
  expiredFor: flag.duration({
    usage: 'How long ago the SVID of an agent must have expired',
    default: DEFAULT_EXPIRED_FOR_NANOSECONDS,
  }),
  dryRun: flag.bool({ usage: 'Only say which agents would be purged' }),
  output: flag.output({ nameField: 'agent_id' }),
} as const;

/** `agent purge` */
export default class AgentPurge extends BaseCommand<typeof flags> {
  static override readonly summary = 'Remove agents whose SVID expired long ago and that can attest again';
  static override readonly examples = ['<%= config.bin %> agent purge --expired-for 168h --dry-run'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'agent purge';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { expiredFor, dryRun } = context.flags;
    await using rpc = await connectToServer(context);
    const { clock, signal } = context;
    const agents = await purgeAgents(agentClient(rpc), { expiredForNanoseconds: expiredFor, dryRun, clock, signal });
    await context.print({
      pretty: () => formatPurge(agents, dryRun),
      json: () => purgeJson(agents),
      items: () => purgeJson(agents).expired_agents,
    });
    const isIncomplete = agents.some((agent) => agent.error !== undefined);
    return isIncomplete && context.program === 'spirekit' ? context.exitCode('partial-failure') : 0;
  }
}
