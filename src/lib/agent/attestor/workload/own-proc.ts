import { readlinkSync } from 'node:fs';
import { SpirekitError } from '../../../runtime/errors.ts';

/**
 * Throws `failed-precondition` where `/proc` belongs to another pid namespace than this process: the kernel names callers
 * by their number here, and what stands under that number there is somebody else.
 */
export function requireOwnProc(): void {
  if (process.platform !== 'linux') return;
  const here = String(process.pid);
  const there = findSelf();
  if (there === here) return;
  throw new SpirekitError(
    'failed-precondition',
    `/proc is not that of this pid namespace: it shows process ${here} as ${there ?? 'nobody'}, so no caller could be told ` +
      'from another; mount one there, as `unshare --mount-proc` does, or start the agent outside',
  );
}

function findSelf(): string | undefined {
  try {
    return readlinkSync('/proc/self');
  } catch {
    return undefined;
  }
}
