import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { prefixed } from '../../lib/cli/failure.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { serverSocketFlags, serverTarget } from '../../lib/cli/sockets.ts';
import { healthClient } from '../../lib/client/health-client.ts';
import { RpcClient } from '../../lib/rpc/client.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { goQuote } from '../../lib/runtime/go-quote.ts';
import { HealthCheckResponse_ServingStatus as ServingStatus } from '../../lib/wire/gen/grpc/health/v1/health.ts';

const flags = {
  ...serverSocketFlags,
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

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    await using rpc = new RpcClient(serverTarget(context.flags, context.env));
    if (context.flags.verbose) context.out('Checking server health...');
    const status = await checkHealth(rpc, context);
    if (status !== ServingStatus.SERVING) {
      const name = Object.entries(ServingStatus).find(([, value]) => value === status)?.[0] ?? String(status);
      throw unhealthy(`server returned status ${goQuote(name)}`);
    }
    context.out('Server is healthy.');
    return 0;
  }
}

async function checkHealth(rpc: RpcClient, context: CommandContext<typeof flags>): Promise<ServingStatus> {
  try {
    return (await healthClient(rpc).check({ service: '' }, { signal: context.signal })).status;
  } catch (cause) {
    if (context.program === 'spirekit') throw prefixed('server is unhealthy', cause);
    if (context.flags.verbose) context.err(`Failed to check health: ${SpirekitError.from(cause).message}`);
    throw unhealthy('unable to determine health', cause);
  }
}

function unhealthy(reason: string, cause?: unknown): SpirekitError {
  return new SpirekitError('unavailable', `server is unhealthy: ${reason}`, { cause });
}
