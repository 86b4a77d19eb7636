import { readFile } from 'node:fs/promises';
import type { Finding } from '../findings/finding.ts';
import type { Daemon } from './patient.ts';

/** A share of what there may be. */
const NEARLY_ALL = 0.95;

/** Where the kernel tells about processes and control groups. */
const KERNEL = { processes: '/proc', groups: '/sys/fs/cgroup' };

/**
 * How near the control group of a daemon is to its memory limit; by version 2 of control groups, that of distributions.
 *
 * @param kernel other places than the kernel's only for tests
 */
export async function memory(
  { process, kind }: Pick<Daemon, 'process' | 'kind'>,
  kernel: typeof KERNEL = KERNEL,
): Promise<Finding[]> {
  if (process === undefined) return [];
  const text = await readFile(`${kernel.processes}/${process.pid}/cgroup`, 'utf8').catch(() => '');
  const [, group] = /^0::(\/[^\n]*)$/m.exec(text) ?? [];
  if (group === undefined || group.includes('..')) return [];
  const [max, current] = await Promise.all(
    ['memory.max', 'memory.current'].map((name) =>
      readFile(`${kernel.groups}${group}/${name}`, 'utf8').then(Number, () => Number.NaN),
    ),
  );
  if (max === undefined || current === undefined || !(current > max * NEARLY_ALL)) return [];
  return [
    {
      code: 'SPK-4103',
      severity: 'warning',
      subject: `process ${process.pid}`,
      message: `the control group of the ${kind} uses ${Math.round((current / max) * 100)} % of the memory that it may have`,
      evidence: [`memory.current ${current}`, `memory.max ${max}`],
      remedy: 'raise MemoryMax of its unit or the memory limit of its container',
    },
  ];
}
