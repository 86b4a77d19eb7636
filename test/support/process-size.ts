import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What a process has of the machine now. */
export interface ProcessSize {
  readonly rssMiB: number;
  readonly descriptors: number;
}

/** Why the size of a daemon cannot be read; undefined where it can. Daemons show what they have open to root alone. */
export function whyNoSizes(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'what a daemon has open is shown to root alone';
}

/** Reads the size of a running process from /proc. Throws if it has ended. */
export function sizeOf(pid: number): ProcessSize {
  return { rssMiB: kibOf(pid, 'VmRSS') / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** The most memory that it had since {@link forgetPeak}, in MiB. */
export function peakRssMiB(pid: number): number {
  return kibOf(pid, 'VmHWM') / 1024;
}

/** Starts the count of the peak anew (proc_pid_clear_refs(5)). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function kibOf(pid: number, row: string): number {
  const value = new RegExp(`^${row}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`process ${pid} has ended`);
  return Number(value);
}
