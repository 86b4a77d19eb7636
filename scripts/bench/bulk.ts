import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { openForBulk, writeEntryData } from './bulk-deployment.ts';
import { WatchedServer } from './loop-delay.ts';
import { residentMiB } from './memory.ts';
import { type TimedCommand, timeProcess } from './process-time.ts';
import type { BenchRow, Limit, RowGroup, Unit } from './row.ts';
import { type Summary, single, summarise } from './statistics.ts';
import { type Needs, watchProcess } from './watched-process.ts';

const SOME = 10_000;
/** How long a server is left alone before its memory is looked at. */
const SETTLE_MS = 5000;

const CREATE = `entry create of ${SOME}`;
const CREATE_BY_SPIRE = `entry create of ${SOME} by SPIRE's client`;
const CREATE_STALL = 'event loop stall while entries are created';
const SHOW = `entry show of ${SOME}`;
const SHOW_JSON = `entry show of ${SOME} in JSON`;
const SHOW_MEMORY = `memory of entry show of ${SOME}`;
const SHOW_JSON_MEMORY = `memory of entry show of ${SOME} in JSON`;
const RESIDENT = `server with ${SOME} entries`;

interface BulkPlan {
  /** Of each command that shows entries. */
  readonly runs: number;
  /** The number of entries that is a lot. */
  readonly many: number;
}

/** What thousands of entries cost: to create, to show and to hold. The limits in MiB are shares of what SPIRE takes. */
export function bulkRows({ runs, many }: BulkPlan, real: Programs | undefined): RowGroup {
  const manyNames = {
    create: `entry create of ${many}`,
    first: `first line of entry show of ${many}`,
    memory: `memory of entry show of ${many}`,
    resident: `server with ${many} entries`,
  };
  const optional = real === undefined ? [] : [CREATE_BY_SPIRE];
  const names = [CREATE, SHOW, SHOW_JSON, SHOW_MEMORY, SHOW_JSON_MEMORY, RESIDENT];
  return {
    names: [...names, CREATE_STALL, ...optional, ...Object.values(manyNames)],
    measure: async (isWanted) => {
      const rows: BenchRow[] = [];
      if (names.some(isWanted)) rows.push(...(await measureSome(runs, real)));
      if (isWanted(CREATE_STALL)) rows.push(await measureStall());
      if (real !== undefined && isWanted(CREATE_BY_SPIRE)) rows.push(await measureSpiresClient(real));
      if (Object.values(manyNames).some(isWanted)) rows.push(...(await measureMany(many, manyNames)));
      return rows.filter(({ name }) => isWanted(name));
    },
  };
}

async function measureSome(runs: number, real: Programs | undefined): Promise<BenchRow[]> {
  await using deployment = await openForBulk(ours);
  const createMs = await timeProcess(create(ours, deployment, 'some', SOME));
  const shown = await showInTurn(runs, deployment, real);
  await using plain = await openForBulk(ours);
  const theirs = real === undefined ? undefined : await holdEntries(real);
  await timeProcess(create(ours, plain, 'some', SOME));
  await sleep(SETTLE_MS);
  const held = residentMiB(plain.serverPid);
  return [
    row(CREATE, 'ms', single(createMs), theirs && single(theirs.createMs), [{ kind: 'at most', value: 1500 }]),
    ...shown,
    row(RESIDENT, 'MiB', single(held), theirs && single(theirs.residentMiB), [
      { kind: 'at most', value: 177 },
      { kind: 'ratio at most', ratio: 1 },
    ]),
  ];
}

async function showInTurn(runs: number, deployment: Deployment, real: Programs | undefined): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [name, memoryName, output, limitMiB] of [
    [SHOW, SHOW_MEMORY, 'pretty', 0.6 * 144],
    [SHOW_JSON, SHOW_JSON_MEMORY, 'json', 0.6 * 214],
  ] as const) {
    const mine: Needs[] = [];
    const theirs: Needs[] = [];
    for (let round = -1; round < runs; round += 1) {
      const own = await watchProcess(show(ours, deployment, output));
      const other = real === undefined ? undefined : await watchProcess(show(real, deployment, output));
      if (round < 0) continue;
      mine.push(own);
      if (other !== undefined) theirs.push(other);
    }
    rows.push(
      row(name, 'ms', times(mine), times(theirs), [{ kind: 'ratio at most', ratio: 1 }]),
      row(memoryName, 'MiB', peaks(mine), peaks(theirs), [{ kind: 'at most', value: Math.floor(limitMiB) }]),
    );
  }
  return rows;
}

/** Several times over, so that there are enough quarters of a second to look at. */
async function measureStall(): Promise<BenchRow> {
  using watched = new WatchedServer();
  await using deployment = await openForBulk(watched.programs);
  const commands = ['a', 'b', 'c', 'd', 'e'].map((series) => create(ours, deployment, series, SOME));
  const fromMs = Date.now();
  for (const command of commands) await timeProcess(command);
  const { usualWorstMs, worstMs } = watched.between(fromMs, Date.now());
  const note = `${commands.length} times ${SOME}: the longest of a quarter of a second, in nine of ten; ${worstMs.toFixed(1)} ms is the longest of all`;
  return { ...row(CREATE_STALL, 'ms', single(usualWorstMs), undefined, [{ kind: 'at most', value: 50 }]), note };
}

/** SPIRE's client sends everything in one call. */
async function measureSpiresClient(real: Programs): Promise<BenchRow> {
  await using deployment = await openForBulk(ours);
  const tookMs = await timeProcess(create(real, deployment, 'spires', SOME));
  return row(CREATE_BY_SPIRE, 'ms', single(tookMs), undefined, [{ kind: 'at most', value: 1500 }]);
}

async function holdEntries(daemons: Programs): Promise<{ createMs: number; residentMiB: number }> {
  await using deployment = await openForBulk(daemons);
  const createMs = await timeProcess(create(daemons, deployment, 'some', SOME));
  await sleep(SETTLE_MS);
  return { createMs, residentMiB: residentMiB(deployment.serverPid) };
}

async function measureMany(
  many: number,
  names: { readonly create: string; readonly first: string; readonly memory: string; readonly resident: string },
): Promise<BenchRow[]> {
  await using deployment = await openForBulk(ours);
  const createMs = await timeProcess(create(ours, deployment, 'many', many));
  const shown = await watchProcess(show(ours, deployment, 'pretty'));
  const inJson = await watchProcess(show(ours, deployment, 'json'));
  await sleep(SETTLE_MS);
  const held = residentMiB(deployment.serverPid);
  const startedMs = await restart(deployment);
  const note = `all of it after ${shown.totalMs.toFixed(0)} ms, in JSON after ${inJson.totalMs.toFixed(0)} ms with ${inJson.peakMiB.toFixed(0)} MiB`;
  return [
    row(names.create, 'ms', single(createMs), undefined, [{ kind: 'at most', value: (1500 * many) / SOME }]),
    { ...row(names.first, 'ms', single(shown.firstMs), undefined, [{ kind: 'at most', value: 500 }]), note },
    row(names.memory, 'MiB', single(Math.max(shown.peakMiB, inJson.peakMiB)), undefined, [
      { kind: 'at most', value: 120 },
    ]),
    {
      ...row(names.resident, 'MiB', single(held), undefined, []),
      note: `started again it answers after ${startedMs.toFixed(0)} ms and has ${residentMiB(deployment.serverPid).toFixed(0)} MiB`,
    },
  ];
}

async function restart(deployment: Deployment): Promise<number> {
  await deployment.stopServer();
  const start = performance.now();
  await deployment.startServer();
  return performance.now() - start;
}

function create(programs: Programs, deployment: Deployment, series: string, count: number): TimedCommand {
  const data = writeEntryData(deployment, series, count);
  return {
    program: programs.server,
    args: ['entry', 'create', '-data', data, '-socketPath', deployment.serverSocket],
  };
}

function show(programs: Programs, deployment: Deployment, output: 'pretty' | 'json'): TimedCommand {
  return {
    program: programs.server,
    args: ['entry', 'show', '-output', output, '-socketPath', deployment.serverSocket],
  };
}

function row(name: string, unit: Unit, mine: Summary, theirs: Summary | undefined, limits: Limit[]): BenchRow {
  const isThere = theirs !== undefined && theirs.runs > 0;
  return { name, unit, ours: mine, ...(isThere ? { theirs: { ...theirs, whose: 'SPIRE' as const } } : {}), limits };
}

function times(runs: readonly Needs[]): Summary {
  return summarise(runs.map(({ totalMs }) => totalMs));
}

function peaks(runs: readonly Needs[]): Summary {
  return summarise(runs.map(({ peakMiB }) => peakMiB));
}
