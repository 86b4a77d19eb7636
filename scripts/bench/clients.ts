import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import { type TimedCommand, timeInterleaved } from './process-time.ts';
import type { BenchRow, RowGroup } from './row.ts';

/** How much longer than SPIRE's own client a command of ours may take. */
const RATIO_LIMIT = 1.5;

type MakeCommand = (programs: Programs, deployment: Deployment) => TimedCommand;

const COMMANDS: ReadonlyMap<string, MakeCommand> = new Map([
  ['api fetch x509', ({ agent }, { agentSocket }) => command(agent, 'api fetch x509 -socketPath', agentSocket)],
  [
    'api fetch jwt',
    ({ agent }, { agentSocket }) => command(agent, 'api fetch jwt -audience a -socketPath', agentSocket),
  ],
  ['entry show', ({ server }, { serverSocket }) => command(server, 'entry show -socketPath', serverSocket)],
  ['-h', ({ agent }) => command(agent, '-h')],
]);

/** Whole processes of the commands that scripts call most, all against the same daemons of ours. */
export function clientRows(
  plan: { readonly batches: number; readonly runs: number },
  real: Programs | undefined,
): RowGroup {
  return {
    names: [...COMMANDS.keys()],
    measure: async (isWanted) => {
      await using deployment = await Deployment.open();
      await deployment.startAgent();
      await deployment.createEntry('/bench', [`unix:uid:${process.getuid?.() ?? 0}`]);
      // Not by a command: one that fails first would leave a compile cache without what the others need.
      await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/bench`);
      const rows: BenchRow[] = [];
      for (const [name, make] of COMMANDS) {
        if (!isWanted(name)) continue;
        const programs = real === undefined ? [ours] : [ours, real];
        const contenders = programs.map((program) => make(program, deployment));
        const [mine, theirs] = await timeInterleaved(contenders, plan);
        if (mine === undefined) throw new Error(`${name} was not timed`);
        rows.push({
          name,
          unit: 'ms',
          ours: mine,
          ...(theirs === undefined ? {} : { theirs: { ...theirs, whose: 'SPIRE' } }),
          limits: [{ kind: 'ratio at most', ratio: RATIO_LIMIT }],
        });
      }
      return rows;
    },
  };
}

function command(program: string, words: string, ...more: readonly string[]): TimedCommand {
  return { program, args: [...words.split(' '), ...more] };
}
