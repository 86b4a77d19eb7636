/**
 * `npm run bench [-- --json FILE] [-- --short]` times whole programs against each other, in turn, beside real SPIRE where
 * SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name its binaries. Prints a table; the ratios are what counts, the milliseconds are
 * this machine's. Exits 1 if a figure is past its limit.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { findRealSpire } from '../test/support/programs.ts';
import { clientRows } from './bench/clients.ts';
import { daemonRows } from './bench/daemons.ts';
import { type BenchRow, isWithinLimit } from './bench/row.ts';
import { renderTable } from './bench/table.ts';

const isShort = process.argv.includes('--short');
const jsonFlag = process.argv.indexOf('--json');
const plan = isShort ? { batches: 1, runs: 5 } : { batches: 3, runs: 31 };
const real = findRealSpire();

const rows: BenchRow[] = [...(await clientRows(plan, real)), ...(await daemonRows(isShort ? 3 : 31, real))];
console.log(renderTable(rows));
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`;
console.log(`Node ${process.versions.node}; ${machine}; ${plan.batches} batches of ${plan.runs} interleaved runs`);
if (real === undefined) console.log('SPIRE_SERVER_BIN and SPIRE_AGENT_BIN name no real SPIRE: no ratios');
if (jsonFlag > 0) {
  writeFileSync(
    process.argv[jsonFlag + 1] ?? 'bench.json',
    `${JSON.stringify({ node: process.versions.node, machine, plan, rows }, null, 2)}\n`,
  );
}
process.exitCode = rows.every(isWithinLimit) ? 0 : 1;
