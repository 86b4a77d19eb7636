import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { parseApiLogLevel } from '../../../lib/cli/log-level-flag.ts';
import { formatLogger, LOGGER_JSON_HINTS } from '../../../lib/cli/pretty/logger.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToLocalServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { loggerClient } from '../../../lib/client/logger-client.ts';

const flags = {
  ...serverFlags,
  level: flag.string({ usage: 'One of panic, fatal, error, warn, info, debug, trace' }),
  output: flag.output(),
} as const;

/** `spire-server logger set` */
export default class ServerLoggerSet extends BaseCommand<typeof flags> {
  static override readonly summary = 'Change the log level of the running server';
  static override readonly examples = ['<%= config.bin %> server logger set --level debug'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'logger set';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToLocalServer('the log level of a server', context);
    const newLevel = parseApiLogLevel(context.flags.level);
    const logger = await awaitWithin(
      'failed to set log level',
      loggerClient(rpc).setLogLevel({ newLevel }, { signal: context.signal }),
    );
    await context.print({ pretty: () => formatLogger(logger), json: () => protoJson(logger, LOGGER_JSON_HINTS) });
    return 0;
  }
}
