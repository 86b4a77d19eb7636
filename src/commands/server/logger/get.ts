import { BaseCommand, type CommandContext } from '../../../lib/cli/base-command.ts';
import { awaitWithin } from '../../../lib/cli/error-context.ts';
import { flag } from '../../../lib/cli/go-flags.ts';
import { formatLogger, LOGGER_JSON_HINTS } from '../../../lib/cli/pretty/logger.ts';
import { protoJson } from '../../../lib/cli/protojson.ts';
import { connectToLocalServer, serverFlags } from '../../../lib/cli/server-connection.ts';
import { loggerClient } from '../../../lib/client/logger-client.ts';

const flags = { ...serverFlags, output: flag.output() } as const;

/** `spire-server logger get` */
export default class ServerLoggerGet extends BaseCommand<typeof flags> {
  static override readonly summary = "Show the server's log level, now and at launch";
  static override readonly examples = ['<%= config.bin %> server logger get'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'logger get';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = await connectToLocalServer('the log level of a server', context);
    const logger = await awaitWithin(
      'error fetching logger',
      loggerClient(rpc).getLogger({}, { signal: context.signal }),
    );
    await context.print({ pretty: () => formatLogger(logger), json: () => protoJson(logger, LOGGER_JSON_HINTS) });
    return 0;
  }
}
