import { DatabaseSync } from 'node:sqlite';

/**
 * A lock that the operating system gives up when the process ends, however it ends. Node offers none, so it is the
 * exclusive lock of SQLite on an empty file; it also keeps out a second taker in the same process.
 */
export class FileLock implements Disposable {
  readonly #holder: DatabaseSync;

  private constructor(holder: DatabaseSync) {
    this.#holder = holder;
  }

  /** Undefined if another holds it. Throws what SQLite throws if the file cannot be made. */
  static acquire(path: string): FileLock | undefined {
    const holder = new DatabaseSync(path, { timeout: 0 });
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
    if (this.#holder.isOpen) this.#holder.close();
  }
}

const SQLITE_BUSY = 5;
