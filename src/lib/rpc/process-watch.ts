import { readFileSync, statSync } from 'node:fs';

/** Tells whether one particular process still runs; never mistakes a later one with the same pid for it. */
export interface ProcessWatch extends Disposable {
  /** False once the process has ended, also as a zombie, or the watch is disposed. */
  isAlive(): boolean;
}

/**
 * Watches a process and its program: one that has become another program (execve) is not who connected, though another
 * process may hold the connection and speak for it. A program that may not be looked at is not compared.
 */
export function watchProgram(watch: ProcessWatch, pid: number): ProcessWatch {
  const program = findProgram(pid);
  return {
    isAlive: () => watch.isAlive() && (program === undefined || findProgram(pid) === program) && watch.isAlive(),
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}

/** The file that a process runs: device and inode, which stay when it is renamed, replaced or deleted. */
function findProgram(pid: number): string | undefined {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/exe`, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Watches by pid and start time, for kernels without pidfds of peers. Whoever has the pid now is the one watched. */
export function openStartTimeWatch(pid: number): ProcessWatch {
  let startTime = findStartTime(pid);
  return {
    isAlive: () => startTime !== undefined && findStartTime(pid) === startTime,
    [Symbol.dispose]: () => {
      startTime = undefined;
    },
  };
}

/** When a process started, in clock ticks since boot; undefined if there is none or it is a zombie. */
function findStartTime(pid: number): string | undefined {
  try {
    return parseStartTime(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The field `starttime` of `/proc/<pid>/stat` (proc_pid_stat(5), field 22). The name of the program comes second, in
 * parentheses, and may itself hold spaces and parentheses: fields count from the last one.
 */
export function parseStartTime(stat: string): string | undefined {
  const afterName = stat.slice(stat.lastIndexOf(')') + 1).trim();
  const fields = afterName.split(' ');
  const state = fields[0];
  const startTime = fields[19];
  if (state === undefined || 'ZXx'.includes(state) || startTime === undefined) return undefined;
  return /^\d+$/.test(startTime) ? startTime : undefined;
}
