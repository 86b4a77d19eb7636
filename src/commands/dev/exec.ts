import { delimiter, join } from 'node:path';
import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { runChildCommand } from '../../lib/cli/child-command.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import { outerEnvironment } from '../../lib/cli/outer-environment.ts';
import { readPackageInfo } from '../../lib/cli/package-info.ts';
import type { Chaos } from '../../lib/dev/chaos.ts';
import type { ChaosTarget } from '../../lib/dev/chaos-run.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { streamOutput } from '../../lib/runtime/log-output.ts';
import { DaemonLogger } from '../../lib/runtime/logger.ts';
import { forbidMemoryDumps, silenceReports } from '../../lib/runtime/memory-dumps.ts';
import { TrustDomain } from '../../lib/spiffe/trust-domain.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** Of X509-SVIDs that are to expire, where no other lifetime was asked for. */
const SHORT_TTL_SECONDS = 30;

const flags = {
  identity: flag.strings({
    usage: 'Identity to register, as path=type:value[,type:value]. Default: dev=unix:uid:<your user ID>',
  }),
  trustDomain: flag.string({ usage: 'Name of the trust domain', default: 'example.org' }),
  verbose: flag.bool({ usage: 'Show the logs of the server and the agent on standard error' }),
  chaos: flag.strings({
    usage: 'Trouble to make: expire, revoke, slow, drop, rotate, each with =10s behind it or not',
  }),
  x509SVIDTTL: flag.duration({ usage: 'Lifetime of X509-SVIDs, for example 30s; the server decides without it' }),
};

/** `spirekit dev exec` */
export default class DevExec extends BaseCommand<typeof flags> {
  static override readonly summary = 'Run a command inside a throwaway trust domain';
  static override readonly description =
    'Starts a server and an agent on private sockets, registers identities, runs the command with SPIFFE_ENDPOINT_SOCKET set, and removes everything when it ends. The exit code is that of the command. It finds spirekit, spire-agent and spire-server behind what is on the PATH already, and all of them find the sockets.';
  static override readonly goFlags = flags;
  static override readonly usageName = 'dev exec';
  static override readonly stopsAtArgument = true;
  static override readonly args = {
    command: { description: 'The command; what follows are its arguments', required: true },
  };
  static override readonly examples = [
    '<%= config.bin %> dev exec -- spirekit api fetch x509',
    '<%= config.bin %> dev exec -- spire-server entry show',
    '<%= config.bin %> dev exec --identity web=unix:uid:1000 -- ./my-service',
    '<%= config.bin %> dev exec --chaos rotate=10s --chaos drop=1m -- ./my-service',
  ];

  override async execute(context: CommandContext<typeof flags>): Promise<number> {
    const [command, ...args] = context.args;
    if (command === undefined) throw new SpirekitError('usage', 'a command to run is needed');
    const { DevEnvironment } = await import('../../lib/dev/dev-environment.ts');
    const { parseDevIdentity } = await import('../../lib/dev/dev-identity.ts');
    const trustDomain = TrustDomain.parse(context.flags.trustDomain);
    const texts =
      context.flags.identity.length > 0 ? context.flags.identity : [`dev=unix:uid:${process.getuid?.() ?? 0}`];
    const identities = texts.map((text) => parseDevIdentity(text, trustDomain));
    const trouble = await readChaos(context.flags.chaos);
    const umask = process.umask(0o077);
    silenceReports();
    await forbidMemoryDumps();
    context.abortOn('SIGINT', 'SIGTERM');
    await using environment = await DevEnvironment.open({
      trustDomain,
      identities,
      x509SvidTtlSeconds: ttlSeconds(trouble, context),
      keepsAgentKeys: trouble.some(({ kind }) => kind === 'drop'),
      interceptCalls: await slowness(trouble, context),
      clock: context.clock,
      log: quietLog(context),
      version: `spirekit-${readPackageInfo().version}`,
      signal: context.signal,
    });
    await using _chaos = await startChaos(trouble, environment, context);
    return await runChildCommand(command, args, {
      env: { ...outerEnvironment(context.env), ...environment.variables, PATH: withOwnPrograms(context.env['PATH']) },
      umask,
      forward: ['SIGINT', 'SIGTERM', 'SIGHUP'],
    });
  }
}

/** Nothing of it is loaded without the flag. */
async function readChaos(texts: readonly string[]): Promise<readonly Chaos[]> {
  if (texts.length === 0) return [];
  const { checkChaos, parseChaos } = await import('../../lib/dev/chaos.ts');
  const all = texts.map(parseChaos);
  checkChaos(all);
  return all;
}

/** SVIDs that are to run out do so while somebody looks. */
function ttlSeconds(trouble: readonly Chaos[], { flags: { x509SVIDTTL } }: CommandContext<typeof flags>): number {
  if (x509SVIDTTL > 0n || !trouble.some(({ kind }) => kind === 'expire')) {
    return Number(x509SVIDTTL / NANOSECONDS_PER_SECOND);
  }
  return SHORT_TTL_SECONDS;
}

async function slowness(trouble: readonly Chaos[], { clock }: CommandContext<typeof flags>) {
  const slow = trouble.find(({ kind }) => kind === 'slow');
  return slow && (await import('../../lib/dev/late-answers.ts')).lateAnswers(slow.ms, clock);
}

async function startChaos(trouble: readonly Chaos[], target: ChaosTarget, context: CommandContext<typeof flags>) {
  if (trouble.length === 0) return undefined;
  const { ChaosRun } = await import('../../lib/dev/chaos-run.ts');
  return new ChaosRun(trouble, target, { clock: context.clock, say: (line) => context.err(line) });
}

/** Errors alone, unless more was asked for. */
function quietLog({ clock, flags: { verbose } }: CommandContext<typeof flags>): DaemonLogger {
  return new DaemonLogger({ output: streamOutput(process.stderr), clock, level: verbose ? 'info' : 'error' });
}

/** The drop-ins of this package come last: a real SPIRE on the PATH is not shadowed. */
function withOwnPrograms(path: string | undefined): string {
  const own = join(readPackageInfo().root, 'bin');
  return path === undefined || path === '' ? own : `${path}${delimiter}${own}`;
}
