import { readFileSync } from 'node:fs';

/** How many files this process may have open; undefined where that is not to be found out, or there is no limit. */
export function findOpenFileLimit(): number | undefined {
  try {
    return parseOpenFileLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return undefined;
  }
}

/** The soft limit in the text of a `/proc/<pid>/limits` (proc_pid_limits(5)). */
export function parseOpenFileLimit(text: string): number | undefined {
  const soft = /^Max open files +(\d{1,15}) /m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
