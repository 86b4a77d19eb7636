import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { configFlags } from '../../lib/cli/config-flags.ts';
import { narrowUmask, openDaemonLog, refuseDebugger, reopenOnSignal } from '../../lib/cli/daemon-process.ts';
import { readPackageInfo } from '../../lib/cli/package-info.ts';
import type { AgentConfig } from '../../lib/config/agent/agent-config.ts';
import { AGENT_FLAGS } from '../../lib/config/agent/agent-flags.ts';
import { loadAgentConfig } from '../../lib/config/agent/load-agent-config.ts';
import { ConfigError } from '../../lib/config/config-error.ts';
import { formatNotices } from '../../lib/config/format-notices.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import type { DaemonLogger } from '../../lib/runtime/logger.ts';

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
    refuseDebugger();
    const config = await loadConfig(context);
    using log = openDaemonLog(config, context.clock);
    for (const { level, message, fields } of config.notices) log.log(level, message, fields);
    if (config.notYetEffective.length > 0) {
      log.warn('Some configured keys have no effect yet', { keys: config.notYetEffective.join(',') });
    }
    narrowUmask(log);
    context.abortOn('SIGINT', 'SIGTERM');
    using _reopening = reopenOnSignal(log);
    try {
      await runAgent(config, log, context);
      log.info('Agent stopped gracefully');
      return 0;
    } catch (error) {
      log.error('Agent crashed', { error });
      return context.exitCode(SpirekitError.from(error).code);
    }
  }
}

async function runAgent(
  config: AgentConfig,
  log: DaemonLogger,
  { clock, signal }: CommandContext<typeof flags>,
): Promise<void> {
  const { Agent } = await import('../../lib/agent/agent.ts');
  const version = `spirekit-${readPackageInfo().version}`;
  try {
    await using agent = await Agent.open(config, { clock, log, version, random: Math.random, signal });
    await agent.run({ signal });
  } catch (error) {
    // Told to stop while starting up.
    if (!signal.aborted) throw error;
  }
}

/** What was found out before a configuration turned out to be wrong goes to its log, as SPIRE's agent does it. */
async function loadConfig(context: CommandContext<typeof flags>): Promise<AgentConfig> {
  const { env, signal, clock } = context;
  try {
    return await loadAgentConfig({ flags: context.flags, env, cwd: process.cwd(), signal });
  } catch (error) {
    if (error instanceof ConfigError) {
      context.io.stdout.write(formatNotices(error.notices, error.logSettings, clock.nowMs()));
    }
    throw error;
  }
}
