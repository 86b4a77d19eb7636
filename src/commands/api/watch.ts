import { chooseAgentTarget } from '../../lib/cli/agent-connection.ts';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { describeFailure } from '../../lib/cli/failure.ts';
import { watchFlags } from '../../lib/cli/keep-flags.ts';
import { formatX509Svids } from '../../lib/cli/pretty/x509-svid.ts';
import { agentSocketFlags } from '../../lib/cli/sockets.ts';
import { showX509Context } from '../../lib/cli/x509-response.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { formatGoDuration, msToNanoseconds } from '../../lib/runtime/go-duration.ts';
import { WorkloadApiClient } from '../../lib/workloadapi/client.ts';
import { watchStream } from '../../lib/workloadapi/watch.ts';

const flags = watchFlags;

/** `spire-agent api watch`. */
export default class ApiWatch extends BaseCommand<typeof flags> {
  static override readonly summary = 'Show the X509-SVIDs of the caller, and again each time they change';
  static override readonly goFlags = flags;
  static override readonly usageName = 'watch';
  static override readonly printsFlagErrorTwice = true;
  static override readonly description =
    'With one of the flags below, or a command, it keeps the identity in files and tells others of changes; what happens is then told a line each. The exit code is that of the command, if there is one.';
  static override readonly stopsAtArgument = true;
  static override readonly args = {
    command: { description: 'A command to run with the identity; what follows are its arguments' },
  };
  static override readonly examples = [
    '<%= config.bin %> api watch',
    "<%= config.bin %> api watch --write /run/web --layout k8s-tls --exec 'nginx -s reload'",
    '<%= config.bin %> api watch --write /run/db --layout helper --signal HUP --pid-file /run/postgresql/main.pid',
    '<%= config.bin %> api watch --write /run/id --on-change signal:HUP -- ./my-service --certs /run/id',
    '<%= config.bin %> api watch --write /run/id --jwt-audience reports --once --wait 60s',
  ];

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    if (asksForMore(context)) {
      const { watchKept } = await import('../../lib/cli/keeping/watch-kept.ts');
      return watchKept(context);
    }
    await show(context);
    return 0;
  }
}

/** As SPIRE does. */
async function show(context: CommandContext<typeof flags>): Promise<void> {
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

/** Drop-ins pass over arguments, as SPIRE's do, unless a flag that is not SPIRE's was given. */
function asksForMore({ program, given, args }: CommandContext<typeof flags>): boolean {
  if (program === 'spirekit' && args.length > 0) return true;
  return [...given].some((name) => !Object.hasOwn(agentSocketFlags, name));
}

/** SPIRE also says that it was told to stop. */
function report(error: SpirekitError, { program, signal, io, err }: CommandContext<typeof flags>): void {
  if (program !== 'spirekit') err(error.message);
  else if (!signal.aborted) io.stderr.write(describeFailure(error));
}
