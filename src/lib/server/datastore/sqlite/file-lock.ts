import type { DatabaseSync } from 'node:sqlite';
import { loadSqlite } from './load-sqlite.ts';

/**
 * A lock that the operating system gives up when the process ends, however it ends. Node offers none, so it is the
 * exclusive lock of SQLite on an empty file; it also keeps out a second taker in the same process.
 */
export class FileLock implements Disposable {
  #holder: DatabaseSync | undefined;

  private constructor(holder: DatabaseSync) {
    this.#holder = holder;
  }

  /** Undefined if another holds it. Throws what SQLite throws if the file cannot be made. */
  static acquire(path: string): FileLock | undefined {
    // No timeout: it is SQLite's default not to wait for the other.
    const holder = new (loadSqlite().DatabaseSync)(path);
    try {
      holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      return new FileLock(holder);
    } catch (error) {
      holder.close();
      if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#holder?.close();
    this.#holder = undefined;
  }
}

const SQLITE_BUSY = 5;
