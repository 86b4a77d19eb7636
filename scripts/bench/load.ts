import { setTimeout as sleep } from 'node:timers/promises';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { Deployment } from '../../test/support/deployment.ts';
import { ours, type Programs } from '../../test/support/programs.ts';
import { LineProcess } from './line-process.ts';
import { type LoopDelay, WatchedServer } from './loop-delay.ts';
import type { BenchRow, RowGroup } from './row.ts';
import { CSRS_A_CALL, createEntries, SigningLoad, WITHOUT_LIMITS } from './signing-load.ts';
import { percentile, type Summary, single, summarise } from './statistics.ts';

const HEALTH = `health p99 under ${CSRS_A_CALL} CSRs a call`;
const SIGNING_STALL = `event loop stall under ${CSRS_A_CALL} CSRs a call`;
const THROUGHPUT = 'X509-SVIDs a second through the server';
const LISTING_STALL = 'event loop stall while entries are listed';

/** Health checks come at this pace. */
const HEALTH_EVERY_MS = 10;
/** Calls for SVIDs under way at the same time. */
const CALLS_AT_ONCE = 4;
/** How often the two servers are loaded in turn. */
const THROUGHPUT_ROUNDS = 5;
/** What an operator's monitoring, or an agent that waits for an answer, may notice. */
const LIMIT_MS = 50;

interface LoadPlan {
  /** Of each load. */
  readonly seconds: number;
  /** Entries in the list that is read. */
  readonly listEntries: number;
}

/** What one server shows under a load. */
interface Loaded {
  readonly healthMs: readonly number[];
  readonly svidsASecond: number;
  /** The two moments, on the system's clock, between which the health checks were made. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** How quickly a server answers others while it is busy; the load and the health checks each in a process of their own. */
export function loadRows(plan: LoadPlan, real: Programs | undefined): RowGroup {
  return {
    names: [HEALTH, SIGNING_STALL, THROUGHPUT, LISTING_STALL],
    measure: async (isWanted) => {
      const rows = [];
      if ([HEALTH, SIGNING_STALL, THROUGHPUT].some(isWanted)) rows.push(...(await measureSigning(plan, real)));
      if (isWanted(LISTING_STALL)) rows.push(await measureListing(plan));
      return rows.filter(({ name }) => isWanted(name));
    },
  };
}

async function measureSigning({ seconds }: LoadPlan, real: Programs | undefined): Promise<BenchRow[]> {
  using watched = new WatchedServer();
  const mine = await loadWithCsrs(watched.programs, seconds);
  const theirs = real === undefined ? undefined : await loadWithCsrs(real, seconds);
  const stall = watched.between(mine.fromMs, mine.toMs);
  const rates = { ours: [mine.svidsASecond], theirs: theirs === undefined ? [] : [theirs.svidsASecond] };
  // Both are equally fast, more or less: one look at each would tell nothing.
  for (let round = 1; round < THROUGHPUT_ROUNDS && real !== undefined; round += 1) {
    rates.ours.push((await loadWithCsrs(ours, seconds)).svidsASecond);
    rates.theirs.push((await loadWithCsrs(real, seconds)).svidsASecond);
  }
  return [
    {
      name: HEALTH,
      unit: 'ms',
      ours: health(mine),
      ...(theirs === undefined ? {} : { theirs: { ...health(theirs), whose: 'SPIRE' } }),
      limits: [{ kind: 'at most', value: LIMIT_MS }],
      note: `${CALLS_AT_ONCE} calls of ${CSRS_A_CALL} CSRs at once over mTLS, a health check every ${HEALTH_EVERY_MS} ms`,
    },
    {
      name: SIGNING_STALL,
      unit: 'ms',
      ours: single(stall.usualWorstMs),
      limits: [{ kind: 'at most', value: LIMIT_MS }],
      note: describeDelay(stall),
    },
    {
      name: THROUGHPUT,
      unit: '/s',
      ours: summarise(rates.ours),
      ...(theirs === undefined ? {} : { theirs: { ...summarise(rates.theirs), whose: 'SPIRE' } }),
      limits: [{ kind: 'ratio at least', ratio: 1 }],
      note: `${rates.ours.length} rounds in turn`,
    },
  ];
}

async function loadWithCsrs(daemons: Programs, seconds: number): Promise<Loaded> {
  await using deployment = await Deployment.open({ ...WITHOUT_LIMITS, daemons });
  using load = await SigningLoad.start(deployment, { atOnce: CALLS_AT_ONCE });
  const fromMs = Date.now();
  const healthMs = await checkHealth(deployment, seconds);
  const toMs = Date.now();
  const { svids, wallMs } = await load.stop();
  return { healthMs, svidsASecond: (svids / wallMs) * 1000, fromMs, toMs };
}

async function checkHealth(deployment: Deployment, seconds: number): Promise<number[]> {
  using caller = LineProcess.script('health-caller.ts', [deployment.serverSocket, HEALTH_EVERY_MS]);
  await caller.receive<'ready'>();
  await sleep(seconds * 1000);
  caller.endOrders();
  return await caller.receive();
}

function health({ healthMs }: Loaded): Summary {
  return { median: percentile(healthMs, 0.99), runs: healthMs.length };
}

async function measureListing({ seconds, listEntries }: LoadPlan): Promise<BenchRow> {
  using watched = new WatchedServer();
  await using deployment = await Deployment.open({ ...WITHOUT_LIMITS, daemons: watched.programs });
  await using client = new RpcClient({ kind: 'unix', path: deployment.serverSocket });
  await createEntries(client, deployment.trustDomain, { parentPath: '/host', count: listEntries });
  using lister = LineProcess.script('entry-lister.ts', [deployment.serverSocket]);
  const fromMs = Date.now();
  const healthMs = await checkHealth(deployment, seconds);
  const toMs = Date.now();
  lister.endOrders();
  const lists = await lister.receive<number>();
  const stall = watched.between(fromMs, toMs);
  return {
    name: LISTING_STALL,
    unit: 'ms',
    ours: single(stall.usualWorstMs),
    limits: [{ kind: 'at most', value: LIMIT_MS }],
    note: `${listEntries} entries were read ${lists} times; ${describeDelay(stall)}; health p99 ${percentile(healthMs, 0.99).toFixed(1)} ms`,
  };
}

function describeDelay({ worstMs, p99Ms }: LoopDelay): string {
  return `the longest of a quarter of a second, in nine of ten; ${worstMs.toFixed(1)} ms is the longest of all, 99 in 100 stay below ${p99Ms.toFixed(1)} ms`;
}
