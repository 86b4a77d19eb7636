/**
 * `npm run bench [-- --json FILE] [-- --short] [-- --only NAME]` measures whole programs against each other, in turn,
 * beside real SPIRE where SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name its binaries, beside Go where it is on the PATH, and beside an
 * earlier revision where SPIREKIT_BEFORE names a built checkout of one.
 * Prints a table; the ratios are what counts, the other figures are this machine's. `--only` takes a part of the name of a
 * row and may stand several times. Exits 1 if a figure is past its limit.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { findRealSpire } from '../test/support/programs.ts';
import { beforeRows } from './bench/before.ts';
import { bulkRows } from './bench/bulk.ts';
import { clientRows } from './bench/clients.ts';
import { daemonRows } from './bench/daemons.ts';
import { entryPlanRows } from './bench/entry-plan.ts';
import { herdRows } from './bench/herd.ts';
import { issuanceRows } from './bench/issuance.ts';
import { keptWatchRows } from './bench/kept-watch.ts';
import { loadRows } from './bench/load.ts';
import { memoryRows } from './bench/memory.ts';
import { postgresRows } from './bench/postgres.ts';
import { type BenchRow, isWithinLimits, type RowGroup } from './bench/row.ts';
import { renderTable } from './bench/table.ts';
import { whyRows } from './bench/why.ts';

const { values: options } = parseArgs({
  options: { short: { type: 'boolean' }, json: { type: 'string' }, only: { type: 'string', multiple: true } },
});
const isShort = options.short === true;
const plan = isShort ? { batches: 1, runs: 5 } : { batches: 3, runs: 31 };
const real = findRealSpire();

const groups: readonly RowGroup[] = [
  clientRows(plan, real),
  beforeRows(plan),
  daemonRows(isShort ? 3 : 31, real),
  issuanceRows({ rounds: isShort ? 5 : 21 }),
  loadRows({ seconds: isShort ? 4 : 20, listEntries: isShort ? 10_000 : 100_000 }, real),
  bulkRows({ runs: isShort ? 5 : 15, many: isShort ? 20_000 : 100_000 }, real),
  whyRows(isShort ? 5 : 21, real),
  entryPlanRows(isShort ? 3 : 15),
  postgresRows(isShort ? 1 : 5),
  herdRows({ agents: 200 }, real),
  keptWatchRows({ seconds: isShort ? 30 : 300 }),
  memoryRows({ settleSeconds: isShort ? 5 : 30, svids: isShort ? 20_000 : 100_000 }, real),
];
const isWanted = (name: string): boolean =>
  options.only === undefined || options.only.some((part) => name.includes(part));
const wanted = groups.filter(({ names }) => names.some(isWanted));
if (wanted.length === 0) {
  const names = groups.flatMap((group) => group.names);
  console.error(`--only matches no row; there are: ${names.join(', ')}`);
  process.exit(2);
}

const rows: BenchRow[] = [];
for (const { measure } of wanted) rows.push(...(await measure(isWanted)));
console.log(renderTable(rows));
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`;
console.log(`Node ${process.versions.node}; ${machine}; ${plan.batches} batches of ${plan.runs} interleaved runs`);
if (real === undefined) console.log('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name no real SPIRE: no ratios to it');
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ node: process.versions.node, machine, plan, rows }, null, 2)}\n`);
}
process.exitCode = rows.every(isWithinLimits) ? 0 : 1;
