import { readdirSync, readFileSync } from 'node:fs';

/**
 * Whether a process of the group still runs. One that has ended and waits to be collected does not count: in a container
 * whose first process collects nobody it waits for ever.
 */
export function hasRunningMember(processGroup: number): boolean {
  let names: string[];
  try {
    process.kill(-processGroup, 0);
    names = readdirSync('/proc');
  } catch {
    return false;
  }
  return names.some((name) => /^\d+$/.test(name) && isRunningMember(name, processGroup));
}

function isRunningMember(pid: string, processGroup: number): boolean {
  try {
    return isRunningIn(readFileSync(`/proc/${pid}/stat`, 'latin1'), processGroup);
  } catch {
    return false;
  }
}

/**
 * Whether `/proc/<pid>/stat` (proc_pid_stat(5), fields 3 and 5) is that of a running process of the group. The name of the
 * program comes before, in parentheses, and may itself hold some: fields count from the last one.
 */
export function isRunningIn(stat: string, processGroup: number): boolean {
  const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state !== '' && !'ZXx'.includes(state) && group === String(processGroup);
}
