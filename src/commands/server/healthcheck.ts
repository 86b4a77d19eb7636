import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { awaitWithin } from '../../lib/cli/error-context.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { checkHealth } from '../../lib/cli/health-check.ts';
import { connectToLocalServer, serverFlags } from '../../lib/cli/server-connection.ts';

const flags = {
  ...serverFlags,
  shallow: flag.bool({ usage: 'Accepted for the sake of old scripts; the check is the same' }),
  verbose: flag.bool({ usage: 'Say what is being done and why it failed' }),
} as const;

/** `spire-server healthcheck` */
export default class ServerHealthcheck extends BaseCommand<typeof flags> {
  static override readonly summary = 'Tell whether the server is healthy';
  static override readonly examples = ['<%= config.bin %> server healthcheck --verbose'];
  static override readonly goFlags = flags;
  static override readonly usageName = 'healthcheck';
  static override readonly errorPrefix = 'Error: ';

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { verbose } = context.flags;
    await using rpc = await connectToLocalServer('the health of a server', context);
    if (verbose) context.out('Checking server health...');
    await awaitWithin('server is unhealthy', checkHealth(rpc, { who: 'server', context, verbose }));
    context.out('Server is healthy.');
  }
}
