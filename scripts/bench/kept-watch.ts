import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Deployment } from '../../test/support/deployment.ts';
import { ours } from '../../test/support/programs.ts';
import { untilIdentity } from '../../test/support/workload-caller.ts';
import { residentMiB } from './memory.ts';
import type { BenchRow, RowGroup } from './row.ts';
import { single } from './statistics.ts';

const MEMORY = 'api watch resident memory';
const CPU = 'api watch cpu';

/** How long its start, and the trim behind its first write, are left alone. */
const SETTLE_MS = 10_000;

/** `api watch -write` in steady state: all that is resident, shared libraries included, and the time it takes of a core. */
export function keptWatchRows({ seconds }: { readonly seconds: number }): RowGroup {
  return {
    names: [MEMORY, CPU],
    measure: async (isWanted) => {
      await using deployment = await Deployment.open({ logLevel: 'INFO' });
      await deployment.createEntry('/bench', [`unix:uid:${process.getuid?.() ?? 0}`]);
      await deployment.startAgent();
      await untilIdentity(deployment.agentSocket, `spiffe://${deployment.trustDomain}/bench`);
      const folder = join(deployment.folder, 'kept');
      const args = ['api', 'watch', '--socket-path', deployment.agentSocket, '--write', folder];
      const watch = spawn(ours.spirekit, args, { stdio: 'ignore' });
      try {
        while (!existsSync(join(folder, 'svid.0.pem'))) {
          if (watch.exitCode !== null) throw new Error(`api watch ended with ${watch.exitCode}`);
          await sleep(50);
        }
        await sleep(SETTLE_MS);
        const before = cpuSeconds(watch.pid);
        await sleep(seconds * 1000);
        const percent = ((cpuSeconds(watch.pid) - before) / seconds) * 100;
        const rows: BenchRow[] = [
          {
            name: MEMORY,
            unit: 'MiB',
            ours: single(residentMiB(watch.pid)),
            limits: [{ kind: 'at most', value: 60 }],
            note: `resident (RSS) after ${seconds} s in which nothing changes, with -write`,
          },
          { name: CPU, unit: '%', ours: single(percent), limits: [{ kind: 'at most', value: 0.1 }] },
        ];
        return rows.filter(({ name }) => isWanted(name));
      } finally {
        watch.kill('SIGTERM');
      }
    },
  };
}

/** `USER_HZ`, the unit of times in /proc. */
const TICKS_PER_SECOND = 100;

/** The time of a core that all threads of a process have had (proc_pid_stat(5), utime and stime). */
function cpuSeconds(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
