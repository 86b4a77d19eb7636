import { join } from 'node:path';
import { ours } from '../../test/support/programs.ts';
import { openForBulk, writeEntryData } from './bulk-deployment.ts';
import { timeProcess } from './process-time.ts';
import type { BenchRow, Limit, RowGroup, Unit } from './row.ts';
import { type Summary, summarise } from './statistics.ts';
import { type Needs, watchProcess } from './watched-process.ts';

const COUNT = 10_000;

const NAMES = {
  json: { time: `entry plan of ${COUNT}`, memory: `memory of entry plan of ${COUNT}` },
  yaml: { time: `entry plan of ${COUNT} in YAML`, memory: `memory of entry plan of ${COUNT} in YAML` },
} as const;

const MOST_MS = 2000;

/** What it costs to hold files with thousands of entries against a server that has as many. */
export function entryPlanRows(runs: number): RowGroup {
  const names = Object.values(NAMES).flatMap(({ time, memory }) => [time, memory]);
  return {
    names,
    measure: async (isWanted) => {
      await using deployment = await openForBulk(ours);
      const socket = ['-socketPath', deployment.serverSocket];
      const json = writeEntryData(deployment, 'planned', COUNT);
      await timeProcess({ program: ours.server, args: ['entry', 'create', '-data', json, ...socket] });
      const yaml = join(deployment.folder, 'planned.yaml');
      const exporting = ['entry', 'export', '-format', 'yaml', '-withoutIDs', '-toFile', yaml, ...socket];
      await timeProcess({ program: ours.spirekit, args: exporting });
      const rows: BenchRow[] = [];
      for (const [path, { time, memory }] of [
        [json, NAMES.json],
        [yaml, NAMES.yaml],
      ] as const) {
        if (!isWanted(time) && !isWanted(memory)) continue;
        const needs: Needs[] = [];
        for (let round = -1; round < runs; round += 1) {
          const each = await watchProcess({ program: ours.spirekit, args: ['entry', 'plan', '-f', path, ...socket] });
          if (round >= 0) needs.push(each);
        }
        rows.push(
          row(time, 'ms', summarise(needs.map(({ totalMs }) => totalMs)), [{ kind: 'at most', value: MOST_MS }]),
        );
        rows.push(row(memory, 'MiB', summarise(needs.map(({ peakMiB }) => peakMiB)), []));
      }
      return rows.filter(({ name }) => isWanted(name));
    },
  };
}

function row(name: string, unit: Unit, measured: Summary, limits: readonly Limit[]): BenchRow {
  return { name, unit, ours: measured, limits };
}
