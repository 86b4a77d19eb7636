import { type BigIntStats, statSync } from 'node:fs';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { DatabasePlace } from '../sql/database-place.ts';

/**
 * The files of an open SQLite database. SQLite goes on writing to files that somebody deleted or moved away, and what is
 * written there ends with the process.
 */
export class DatabaseFiles implements DatabasePlace {
  readonly #files: ReadonlyMap<string, BigIntStats>;

  private constructor(files: ReadonlyMap<string, BigIntStats>) {
    this.#files = files;
  }

  /** Notes which files an open database has. Error: `io-error`. */
  static of(path: string): DatabaseFiles {
    try {
      return new DatabaseFiles(
        new Map([path, `${path}-wal`].map((name) => [name, statSync(name, { bigint: true })] as const)),
      );
    } catch (error) {
      throw SpirekitError.from(error);
    }
  }

  assertInPlace(): void {
    for (const [path, { dev, ino }] of this.#files) {
      const found = find(path);
      if (found?.ino === ino && found.dev === dev) continue;
      throw new SpirekitError(
        'unavailable',
        `datastore file "${path}" was ${found === undefined ? 'deleted' : 'replaced'} while in use: put it back, or stop the server and restore a backup`,
      );
    }
  }
}

function find(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // A folder above that may not be entered any more, or is a file now.
    return undefined;
  }
}
