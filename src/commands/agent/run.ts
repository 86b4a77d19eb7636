import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { configFlags } from '../../lib/cli/config-flags.ts';
import { type DaemonEnvironment, runDaemon } from '../../lib/cli/daemon-process.ts';
import type { AgentConfig } from '../../lib/config/agent/agent-config.ts';
import { AGENT_FLAGS } from '../../lib/config/agent/agent-flags.ts';
import { loadAgentConfig } from '../../lib/config/agent/load-agent-config.ts';

const flags = configFlags(AGENT_FLAGS);

/** `spire-agent run` */
export default class AgentRun extends BaseCommand<typeof flags> {
  static override readonly summary = 'Run the agent';
  static override readonly description =
    'Attests this machine to a server and gives workloads their identities, until SIGINT or SIGTERM. The log goes to standard output unless the configuration names a file, which SIGUSR2 opens anew.';
  static override readonly examples = ['<%= config.bin %> agent run --config conf/agent/agent.conf'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'run';
  static override readonly printsFlagErrorTwice = true;

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const { flags, env, signal } = context;
    return await runDaemon(
      {
        load: () => loadAgentConfig({ flags, env, cwd: process.cwd(), signal }),
        run,
        lastWords: { stopped: 'Agent stopped gracefully', crashed: ['Agent crashed'] },
      },
      context,
    );
  }
}

async function run(config: AgentConfig, environment: DaemonEnvironment): Promise<void> {
  const { runAgent } = await import('../../lib/agent/run-agent.ts');
  await runAgent(config, { ...environment, random: Math.random });
}
