import { BaseCommand, type CommandContext } from '../../lib/cli/base-command.ts';
import { isConfirmed } from '../../lib/cli/confirmation.ts';
import { flag } from '../../lib/cli/go-flags.ts';
import {
  type CleanReport,
  cleanFindings,
  cleanJson,
  cleanTable,
  formatClean,
} from '../../lib/cli/pretty/agent-clean.ts';
import { formatFindings } from '../../lib/cli/pretty/findings.ts';
import { ProgressLine } from '../../lib/cli/progress-line.ts';
import { connectToServer, serverFlags } from '../../lib/cli/server-connection.ts';
import {
  findStaleAgents,
  type RemovalOutcome,
  removeStaleAgents,
  type StaleAgent,
} from '../../lib/overview/stale-agents.ts';
import type { RpcClient } from '../../lib/rpc/client.ts';
import { counted } from '../../lib/runtime/counted.ts';
import { SpirekitError } from '../../lib/runtime/errors.ts';
import { EXIT_CODES } from '../../lib/runtime/exit-codes.ts';
import { nanosecondsToMs } from '../../lib/runtime/go-duration.ts';

/** 30 days, as `agent purge` has it. */
const DEFAULT_NANOSECONDS = 30n * 24n * 3_600_000_000_000n;

const flags = {
  ...serverFlags,
  olderThan: flag.duration({
    usage: 'How long ago the SVID of an agent must have ended',
    default: DEFAULT_NANOSECONDS,
  }),
  cannotReattest: flag.bool({ usage: 'Also agents that cannot attest again by themselves, as those with join tokens' }),
  banned: flag.bool({ usage: 'Also banned agents; the ban goes with them' }),
  dryRun: flag.bool({ usage: 'Only say which agents would be removed, and why' }),
  yes: flag.bool({ usage: 'Do not ask' }),
  output: flag.output(),
} as const;

type Context = CommandContext<typeof flags>;

/** `spirekit agent clean` */
export default class AgentClean extends BaseCommand<typeof flags> {
  static override readonly summary = 'Remove agents that have not been seen for long, and say what goes with them';
  static override readonly description =
    'Stale is an agent whose SVID ended long ago. A removed agent cannot be brought back by an undo: it has to attest again. A dry run exits with 10 if there is something to remove.';
  static override readonly examples = [
    '<%= config.bin %> agent clean --older-than 72h --dry-run',
    '<%= config.bin %> agent clean --older-than 72h --cannot-reattest --yes',
  ];
  static override readonly goFlags = flags;
  static override readonly usageName = 'agent clean';

  override async execute(context: Context): Promise<number> {
    const { clock, signal } = context;
    const { olderThan, cannotReattest, banned, dryRun } = context.flags;
    if (olderThan < 0n) throw new SpirekitError('usage', '--older-than is no time in the future');
    context.abortOn('SIGINT', 'SIGTERM');
    await using rpc = await connectToServer(context);
    const choice = { olderThanMs: nanosecondsToMs(olderThan), includesLost: cannotReattest, includesBanned: banned };
    const agents = await findStaleAgents(rpc, choice, { clock, signal });
    const report = { atMs: clock.nowMs(), isDryRun: dryRun, agents, outcomes: new Map<StaleAgent, RemovalOutcome>() };
    if (agents.length > 0) context.io.stderr.write(formatFindings(cleanFindings(agents)));
    if (dryRun || agents.length === 0) {
      await print(report, context);
      return agents.length === 0 ? EXIT_CODES.ok : EXIT_CODES.wouldChange;
    }
    const question = `Remove ${counted(agents.length, 'agent', 'agents')} for good?`;
    if (await isConfirmed(question, context.flags.yes, context)) await remove(rpc, report, context);
    else report.isDryRun = true;
    await print(report, context);
    return report.isDryRun ? EXIT_CODES.wouldChange : exitCodeOf(report);
  }
}

async function remove(
  rpc: RpcClient,
  { agents, outcomes }: { agents: readonly StaleAgent[]; outcomes: Map<StaleAgent, RemovalOutcome> },
  context: Context,
): Promise<void> {
  using progress = new ProgressLine(context, agents.length);
  await removeStaleAgents(rpc, agents, {
    signal: context.signal,
    onOutcome: (agent, outcome) => {
      outcomes.set(agent, outcome);
      progress.show(outcomes.size);
    },
  });
}

async function print(report: CleanReport, context: Context): Promise<void> {
  await context.print({
    pretty: () => formatClean(report),
    json: () => cleanJson(report),
    ...(report.agents.length === 0 ? {} : { table: () => cleanTable(report) }),
  });
}

function exitCodeOf({ outcomes }: CleanReport): number {
  return [...outcomes.values()].some((outcome) => typeof outcome === 'object') ? EXIT_CODES.partlyDone : EXIT_CODES.ok;
}
