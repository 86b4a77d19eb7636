import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { configFlags } from '../../lib/cli/config-flags.ts';
import { tellAboutConfig, tellingNotices } from '../../lib/cli/config-remarks.ts';
import { AGENT_FLAGS } from '../../lib/config/agent/agent-flags.ts';
import { loadAgentConfig } from '../../lib/config/agent/load-agent-config.ts';
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
    const { env, signal, clock } = context;
    const loading = loadAgentConfig({ flags: context.flags, env, cwd: process.cwd(), signal });
    const config = await tellingNotices(loading, context);
    // SPIRE's agent opens its log before it knows whether the file is valid, and the log is standard output.
    context.io.stdout.write(formatNotices(config.notices, config, clock.nowMs()));
    context.out('SPIRE agent configuration file is valid.');
    tellAboutConfig(config, context);
  }
}
