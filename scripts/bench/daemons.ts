import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import { timeProcess } from './process-time.ts';
import type { BenchRow, RowGroup } from './row.ts';
import { type Summary, summarise } from './statistics.ts';

/** SPIRE takes seconds for each of these; a few runs tell enough. */
const SPIRE_RUNS = 3;

const FIRST_SVID = 'agent start to first SVID';
const NEW_ENTRY = 'entry create to SVID';
const DEV_EXEC = 'dev exec -- true';

/** How long identities take to arrive, and what a throwaway trust domain costs. */
export function daemonRows(runs: number, real: Programs | undefined): RowGroup {
  return {
    names: [FIRST_SVID, NEW_ENTRY, DEV_EXEC],
    measure: async (isWanted) => {
      const rows: BenchRow[] = [];
      if (isWanted(FIRST_SVID) || isWanted(NEW_ENTRY)) {
        const mine = await arrivals(ours, runs);
        const theirs = real === undefined ? undefined : await arrivals(real, Math.min(runs, SPIRE_RUNS));
        rows.push(
          row(FIRST_SVID, mine.firstSvid, theirs?.firstSvid, 1_000),
          row(NEW_ENTRY, mine.newEntry, theirs?.newEntry, 500),
        );
      }
      if (isWanted(DEV_EXEC)) rows.push(row(DEV_EXEC, await timeDevExec(runs), undefined, 2_000));
      return rows.filter(({ name }) => isWanted(name));
    },
  };
}

function row(name: string, mine: Summary, theirs: Summary | undefined, limitMs: number): BenchRow {
  return {
    name,
    unit: 'ms',
    ours: mine,
    ...(theirs === undefined ? {} : { theirs: { ...theirs, whose: 'SPIRE' } }),
    limits: [{ kind: 'at most', value: limitMs }],
  };
}

async function timeDevExec(runs: number): Promise<Summary> {
  const samples: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    samples.push(await timeProcess({ program: ours.spirekit, args: ['dev', 'exec', '--', 'true'] }));
  }
  return summarise(samples);
}

/** Times a fresh agent until its first SVID, and a new entry until the workload has it. */
async function arrivals(daemons: Programs, runs: number): Promise<{ firstSvid: Summary; newEntry: Summary }> {
  const selector = `unix:uid:${process.getuid?.() ?? 0}`;
  const firstSvid: number[] = [];
  const newEntry: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    await using deployment = await Deployment.open({ daemons });
    await deployment.createEntry('/first', [selector]);
    const started = await deployment.startAgent();
    await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/first`);
    firstSvid.push(performance.now() - started);
    const before = performance.now();
    await deployment.createEntry('/second', [selector]);
    await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/second`);
    newEntry.push(performance.now() - before);
  }
  return { firstSvid: summarise(firstSvid), newEntry: summarise(newEntry) };
}
