import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TimedCommand } from './process-time.ts';

/** What a whole process needed. */
export interface Needs {
  /** Milliseconds until the first byte of its output; NaN if there was none. */
  readonly firstMs: number;
  readonly totalMs: number;
  /** The most memory that was resident at once, as last seen some milliseconds before the end. */
  readonly peakMiB: number;
}

const LOOK_EVERY_MS = 4;

/** Runs a process whose output is read and dropped as it comes. It must exit 0. */
export function watchProcess({ program, args }: TimedCommand): Promise<Needs> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let firstMs = Number.NaN;
    let peakMiB = Number.NaN;
    const look = setInterval(() => {
      peakMiB = peakOf(child.pid) ?? peakMiB;
    }, LOOK_EVERY_MS);
    child.stdout.on('data', () => {
      if (Number.isNaN(firstMs)) firstMs = performance.now() - start;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(look);
      const totalMs = performance.now() - start;
      if (code === 0) resolve({ firstMs, totalMs, peakMiB });
      else reject(new Error(`${program} ${args.join(' ')}: exit ${code}`));
    });
  });
}

/** Undefined once the process has ended. */
function peakOf(pid: number | undefined): number | undefined {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found?.[1] === undefined ? undefined : Number(found[1]) / 1024;
  } catch {
    return undefined;
  }
}
