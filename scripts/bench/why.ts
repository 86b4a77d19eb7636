import { ours, type Programs } from '../../test/support/programs.ts';
import { openForBulk, writeEntryData } from './bulk-deployment.ts';
import { timeProcess } from './process-time.ts';
import type { BenchRow, RowGroup } from './row.ts';
import { type Summary, summarise } from './statistics.ts';

const ENTRIES = 10_000;
const LIMIT_MS = 1000;
const ON_OURS = `why on a server with ${ENTRIES} entries`;
const ON_SPIRE = `why on a server of SPIRE's with ${ENTRIES} entries`;

/** What it costs to be told why there is no identity, with an agent to ask and entries none of which matches. */
export function whyRows(runs: number, real: Programs | undefined): RowGroup {
  const all: readonly (readonly [string, Programs])[] = [
    [ON_OURS, ours],
    ...(real === undefined ? [] : [[ON_SPIRE, real] as const]),
  ];
  return {
    names: all.map(([name]) => name),
    measure: async (isWanted) => {
      const rows: BenchRow[] = [];
      for (const [name, daemons] of all.filter(([each]) => isWanted(each))) {
        const limits = [{ kind: 'at most', value: LIMIT_MS } as const];
        rows.push({ name, unit: 'ms', ours: await measure(daemons, runs), limits });
      }
      return rows;
    },
  };
}

async function measure(daemons: Programs, runs: number): Promise<Summary> {
  await using deployment = await openForBulk(daemons);
  await deployment.startAgent();
  const { serverSocket, agentSocket } = deployment;
  const data = writeEntryData(deployment, 'some', ENTRIES);
  await timeProcess({ program: ours.server, args: ['entry', 'create', '-data', data, '-socketPath', serverSocket] });
  const why = {
    program: ours.spirekit,
    args: ['why', '--socket-path', serverSocket, '--agent-socket', agentSocket],
    exit: 4,
  };
  const samples: number[] = [];
  for (let round = -1; round < runs; round += 1) {
    const took = await timeProcess(why);
    if (round >= 0) samples.push(took);
  }
  return summarise(samples);
}
