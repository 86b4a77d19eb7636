import { chooseAgentTarget } from '../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { describeFailure } from '../../lib/cli/failure.ts';
import { formatX509Svids } from '../../lib/cli/pretty/x509-svid.ts';
import { agentSocketFlags } from '../../lib/cli/sockets.ts';
import { showX509Context } from '../../lib/cli/x509-response.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { formatGoDuration, msToNanoseconds } from '../../lib/runtime/go-duration.ts';
import { WorkloadApiClient } from '../../lib/workloadapi/client.ts';
import { watchStream } from '../../lib/workloadapi/watch.ts';

const flags = agentSocketFlags;

/** `spire-agent api watch`. */
export default class ApiWatch extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show the X509-SVIDs of the caller, and again each time they change';
  static override readonly goFlags = flags;
  static override readonly usageName = 'watch';
  static override readonly printsFlagErrorTwice = true;
  static override readonly examples = ['<%= config.bin %> api watch'];

  override async execute(context: CommandContext<typeof flags>): Promise<void> {
    const { clock, signal } = context;
    await using client = new WorkloadApiClient(await chooseAgentTarget(context.flags, context));
    context.abortOn('SIGINT');
    let sinceMs = clock.monotonicMs();
    for await (const event of watchStream((options) => client.watchX509Svid(options), { clock, signal })) {
      try {
        if (event.kind === 'failure') throw event.error;
        const svids = showX509Context(event.value);
        const nowMs = clock.monotonicMs();
        context.io.stdout.write(formatX509Svids(svids, formatGoDuration(msToNanoseconds(nowMs - sinceMs))));
        sinceMs = nowMs;
      } catch (error) {
        report(SpirekitError.from(error), context);
      }
    }
  }
}

/** SPIRE also says that it was told to stop. */
function report(error: SpirekitError, { program, signal, io, err }: CommandContext<typeof flags>): void {
  if (program !== 'spirekit') err(error.message);
  else if (!signal.aborted) io.stderr.write(describeFailure(error));
}
