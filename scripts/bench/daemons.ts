import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import { timeProcess } from './process-time.ts';
import type { BenchRow } from './row.ts';
import { type Summary, summarise } from './statistics.ts';

/** SPIRE takes seconds for each of these; a few runs tell enough. */
const SPIRE_RUNS = 3;

/** How long identities take to arrive, and what a throwaway trust domain costs. */
export async function daemonRows(runs: number, real: Programs | undefined): Promise<BenchRow[]> {
  const mine = await arrivals(ours, runs);
  const theirs = real === undefined ? undefined : await arrivals(real, Math.min(runs, SPIRE_RUNS));
  const devExec: number[] = [];
  for (let round = 0; round < runs; round += 1) {
    devExec.push(await timeProcess({ program: ours.spirekit, args: ['dev', 'exec', '--', 'true'] }));
  }
  return [
    {
      name: 'agent start to first SVID',
      ours: mine.firstSvid,
      ...(theirs === undefined ? {} : { spire: theirs.firstSvid }),
      medianLimitMs: 1_000,
    },
    {
      name: 'entry create to SVID',
      ours: mine.newEntry,
      ...(theirs === undefined ? {} : { spire: theirs.newEntry }),
      medianLimitMs: 500,
    },
    { name: 'dev exec -- true', ours: summarise(devExec), medianLimitMs: 2_000 },
  ];
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
