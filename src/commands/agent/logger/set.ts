import { chooseAgentAdminTarget } from '../../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { parseApiLogLevel } from '../../../lib/cli/log-level-flag.ts';
import { formatLogger, LOGGER_JSON_HINTS } from '../../../lib/cli/pretty/logger.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { agentAdminSocketFlags } from '../../../lib/cli/sockets.ts';
import { agentAdminClient } from '../../../lib/client/agent-admin-client.ts';
import { RpcClient } from '../../../lib/rpc/client.ts';

const flags = {
  ...agentAdminSocketFlags,
  level: flag.string({ usage: 'The new level: panic, fatal, error, warn, info, debug or trace' }),
  output: flag.output(),
};

/** `spire-agent logger set`. */
export default class AgentLoggerSet extends BaseCommand<typeof flags> {
  static override readonly summary = "Change the agent's log level until it is reset or restarted";
  static override readonly goFlags = flags;
  static override readonly usageName = 'logger set';
  static override readonly errorPrefix = 'Error: ';
  static override readonly examples = ['<%= config.bin %> agent logger set --level debug'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const newLevel = parseApiLogLevel(context.flags.level);
    await using rpc = new RpcClient(await chooseAgentAdminTarget(context.flags, context));
    const logger = await awaitWithin(
      'failed to set log level',
      agentAdminClient(rpc).logger.setLogLevel({ newLevel }, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatLogger(logger),
      json: () => protoJson(logger, LOGGER_JSON_HINTS),
    });
  }
}
