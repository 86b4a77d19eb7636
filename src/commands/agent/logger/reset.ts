import { chooseAgentAdminTarget } from '../../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatLogger, LOGGER_JSON_HINTS } from '../../../lib/cli/pretty/logger.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { agentAdminSocketFlags } from '../../../lib/cli/sockets.ts';
import { agentAdminClient } from '../../../lib/client/agent-admin-client.ts';
import { RpcClient } from '../../../lib/rpc/client.ts';

const flags = { ...agentAdminSocketFlags, output: flag.output() };

/** `spire-agent logger reset`. */
export default class AgentLoggerReset extends BaseCommand<typeof flags> {
  static override readonly summary = "Put the agent's log level back to the one at launch";
  static override readonly goFlags = flags;
  static override readonly usageName = 'logger reset';
  static override readonly errorPrefix = 'Error: ';
  static override readonly examples = ['<%= config.bin %> agent logger reset'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    await using rpc = new RpcClient(await chooseAgentAdminTarget(context.flags, context));
    const logger = await awaitWithin(
      'failed to reset logger',
      agentAdminClient(rpc).logger.resetLogLevel({}, { signal: context.signal }),
    );
    await context.print({
      pretty: () => formatLogger(logger),
      json: () => protoJson(logger, LOGGER_JSON_HINTS),
    });
  }
}
