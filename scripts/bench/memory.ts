import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import type { BenchRow, RowGroup } from './row.ts';
import { SigningLoad, WITHOUT_LIMITS } from './signing-load.ts';
import { single } from './statistics.ts';

const SERVER_IDLE = 'server idle';
const AGENT_IDLE = 'agent idle';
const SERVER_AFTER = 'server after many SVIDs';

interface MemoryPlan {
  /** How long daemons that have started are left alone before they are looked at. */
  readonly settleSeconds: number;
  /** How many X509-SVIDs the server signs between two looks at it. */
  readonly svids: number;
}

/** Resident memory of the real processes: all of it, shared libraries included. */
export function memoryRows(plan: MemoryPlan, real: Programs | undefined): RowGroup {
  return {
    names: [SERVER_IDLE, AGENT_IDLE, SERVER_AFTER],
    measure: async (isWanted) => {
      const rows: BenchRow[] = [];
      if (isWanted(SERVER_IDLE) || isWanted(AGENT_IDLE)) {
        const mine = await measureIdle(ours, plan);
        const theirs = real === undefined ? undefined : await measureIdle(real, plan);
        const note = `${plan.settleSeconds} s after an agent has attested and a workload has its SVID`;
        rows.push(
          { ...row(SERVER_IDLE, mine.server, theirs?.server, 150), note },
          row(AGENT_IDLE, mine.agent, theirs?.agent, 110),
        );
      }
      if (isWanted(SERVER_AFTER)) rows.push(await measureAfterLoad(plan, real));
      return rows.filter(({ name }) => isWanted(name));
    },
  };
}

function row(name: string, mine: number, theirs: number | undefined, limitMiB: number): BenchRow {
  return {
    name,
    unit: 'MiB',
    ours: single(mine),
    ...(theirs === undefined ? {} : { theirs: { ...single(theirs), whose: 'SPIRE' } }),
    limits: [{ kind: 'at most', value: limitMiB }],
  };
}

async function measureIdle(daemons: Programs, plan: MemoryPlan): Promise<{ server: number; agent: number }> {
  await using deployment = await Deployment.open({ daemons, logLevel: 'INFO' });
  await deployment.createEntry('/bench', [`unix:uid:${process.getuid?.() ?? 0}`]);
  await deployment.startAgent();
  await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/bench`);
  await sleep(plan.settleSeconds * 1000);
  return { server: residentMiB(deployment.serverPid), agent: residentMiB(deployment.agentPid) };
}

async function measureAfterLoad({ svids, settleSeconds }: MemoryPlan, real: Programs | undefined): Promise<BenchRow> {
  const mine = await loadAndMeasure(ours, svids, settleSeconds);
  const theirs = real === undefined ? undefined : await loadAndMeasure(real, svids, settleSeconds);
  const { before, peak, after } = mine;
  const note = `${svids} SVIDs signed: ${[before, peak, after].map((mib) => mib.toFixed(0)).join(' / ')} MiB before, at the peak and ${settleSeconds} s after`;
  return { ...row(SERVER_AFTER, after, theirs?.after, AFTER_LOAD_LIMIT_MIB), note };
}

/** The heap may keep some of the room that a load needed, but none of it adds up. */
const AFTER_LOAD_LIMIT_MIB = 300;

async function loadAndMeasure(
  daemons: Programs,
  svids: number,
  settleSeconds: number,
): Promise<{ before: number; peak: number; after: number }> {
  await using deployment = await Deployment.open({ ...WITHOUT_LIMITS, daemons });
  await sleep(settleSeconds * 1000);
  const before = residentMiB(deployment.serverPid);
  {
    using load = await SigningLoad.start(deployment, { atOnce: 4, svids });
    await load.untilDone();
  }
  const peak = peakResidentMiB(deployment.serverPid);
  await sleep(settleSeconds * 1000);
  return { before, peak, after: residentMiB(deployment.serverPid) };
}

/** What of a process is in memory now. */
export function residentMiB(pid: number | undefined): number {
  return statusMiB(pid, 'VmRSS');
}

function peakResidentMiB(pid: number | undefined): number {
  return statusMiB(pid, 'VmHWM');
}

/** A line of a process's status in /proc, which counts in KiB. */
function statusMiB(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  if (found?.[1] === undefined) throw new Error(`process ${pid} has no ${field}`);
  return Number(found[1]) / 1024;
}
