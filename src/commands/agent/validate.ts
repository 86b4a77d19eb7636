import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { configFlags } from '../../lib/cli/config-flags.ts';
import { tellAboutConfig } from '../../lib/cli/config-remarks.ts';
import { AGENT_FLAGS } from '../../lib/config/agent/agent-flags.ts';
import { loadAgentConfig } from '../../lib/config/agent/load-agent-config.ts';
import { ConfigError } from '../../lib/config/config-error.ts';
import { formatNotices } from '../../lib/config/format-notices.ts';

const flags = configFlags(AGENT_FLAGS);

/** `spire-agent validate` */
export default class AgentValidate extends BaseCommand<typeof flags> {
  static override readonly summary = "Check an agent's configuration file";
  static override readonly description =
    'Reads the file as the agent would, with the same flags, and tells what is wrong with it. Nothing is started or written.';
  static override readonly examples = ['<%= config.bin %> agent validate --config conf/agent/agent.conf'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'validate';
  static override readonly errorPrefix = 'SPIRE agent configuration file is invalid: ';
  static override readonly printsFlagErrorTwice = true;

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { env, signal } = context;
    const nowMs = context.clock.nowMs();
    try {
      const config = await loadAgentConfig({ flags: context.flags, env, cwd: process.cwd(), signal });
      // SPIRE's agent opens its log before it knows whether the file is valid, and the log is standard output.
      context.io.stdout.write(formatNotices(config.notices, config, nowMs));
      context.out('SPIRE agent configuration file is valid.');
      tellAboutConfig(config, context);
    } catch (error) {
      if (error instanceof ConfigError) {
        context.io.stdout.write(formatNotices(error.notices, error.logSettings, nowMs));
      }
      throw error;
    }
  }
}
