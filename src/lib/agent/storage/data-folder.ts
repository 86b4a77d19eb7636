import { SpirekitError } from '../../runtime/errors.ts';
import { FolderLock } from '../../runtime/folder-lock.ts';
import { makeFolder } from '../../runtime/sync-folder.ts';

/**
 * Makes an agent's data folder if need be (mode 0750) and keeps other agents out of it until the lock is disposed of: two
 * agents that share a key and an SVID renew it in turn, until the server takes neither of them.
 *
 * Errors: `failed-precondition` when another agent has it, `io-error`.
 */
export async function lockDataFolder(path: string): Promise<FolderLock> {
  await makeFolder(path, 0o750);
  const lock = await FolderLock.acquire(path);
  if (lock !== undefined) return lock;
  throw new SpirekitError(
    'failed-precondition',
    `data folder ${JSON.stringify(path)} is in use by another agent; stop that one first, or give this one a data_dir of its own`,
  );
}
