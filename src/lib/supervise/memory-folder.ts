import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { parseStartTime } from '../rpc/process-watch.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';

/** `f_type` of file systems that never write to a disk themselves (statfs(2)): tmpfs and ramfs. */
const TMPFS_MAGIC = 0x01021994;
const RAMFS_MAGIC = 0x858458f6;

/** Where a folder may be made, and whether it has to be in memory. */
export interface MemoryFolderOptions {
  /** Tried one after the other: the first that is there and in memory. */
  readonly candidates: readonly string[];
  /** One that a person has named, whatever it is on. */
  readonly named?: string | undefined;
}

/**
 * A folder for the keys of one command, in memory, open to nobody else, and gone when it is disposed of. What commands of
 * the same user have left that were killed is removed by the next.
 */
export class MemoryFolder implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * @throws SpirekitError `failed-precondition` where nothing is in memory, `permission-denied` where another user has made
   *   the folder in which they lie, `io-error`
   */
  static open({ candidates, named }: MemoryFolderOptions): MemoryFolder {
    const base = named ?? candidates.find(isInMemory);
    if (base === undefined) {
      throw new SpirekitError(
        'failed-precondition',
        `no folder is in memory, so keys would reach a disk; looked at ${candidates.join(', ') || 'none'}`,
      );
    }
    const parent = join(base, `spirekit-exec-${process.geteuid?.() ?? 0}`);
    makeOwn(parent);
    removeLeftovers(parent);
    const path = join(parent, `${process.pid}-${startOf(process.pid) ?? '0'}-${randomBytes(8).toString('hex')}`);
    tried(path, () => mkdirSync(path, { mode: 0o700 }));
    return new MemoryFolder(path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Whether what is written there stays in memory. False where there is nothing. */
export function isInMemory(path: string): boolean {
  try {
    const type = statfsSync(path).type >>> 0;
    return lstatSync(path).isDirectory() && (type === TMPFS_MAGIC || type === RAMFS_MAGIC);
  } catch {
    return false;
  }
}

/** Makes the folder or sees that the one there is ours alone: `/dev/shm` is open to all. */
function makeOwn(path: string): void {
  tried(path, () => {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const found = lstatSync(path);
    if (!found.isDirectory() || found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0) {
      throw new SpirekitError('permission-denied', `${path} is not a folder of this user alone`);
    }
  });
}

/** Folders carry the pid and the start of who made them. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [, pid, start] = /^([1-9]\d*)-(\d+)-[0-9a-f]{16}$/.exec(name) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another command may be removing it too.
    }
  }
}

function startOf(pid: number): string | undefined {
  try {
    return parseStartTime(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

function tried(path: string, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (error instanceof SpirekitError) throw error;
    throw new SpirekitError('io-error', `mkdir ${path}: ${ioReason(error)}`, { cause: error });
  }
}
