import { findOnPath, run } from './programs.ts';

/** Why the size of files of a running process cannot be limited here; undefined where it can. */
export function whyNoWriteLimit(): string | undefined {
  return findOnPath('prlimit') === undefined ? 'prlimit is not on the PATH' : undefined;
}

/**
 * From now on the process can write to no file behind this offset, as if the disk were full; `unlimited` ends that. A
 * write to an offset in front of it still succeeds.
 */
export async function limitWrites(pid: number, bytes: number | 'unlimited'): Promise<void> {
  const limited = await run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
  if (limited.code !== 0) throw new Error(`prlimit: ${limited.stderr}`);
}
