import { closeSync, constants, openSync } from 'node:fs';
import { SpirekitError } from './errors.ts';

/** Values of `flock(2)`, the same on Linux, macOS and the BSDs. */
const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * A lock on a folder, without a file in it. The operating system gives it up when the process ends, however it ends; it
 * also keeps out a second taker in the same process. It is advisory: only those who ask for it are kept out.
 */
export class FolderLock implements Disposable {
  #descriptor: number | undefined;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Undefined if another holds it. Error: `io-error` for a folder that cannot be opened. */
  static async acquire(path: string): Promise<FolderLock | undefined> {
    const { default: koffi } = await import('koffi');
    const flock = koffi.load(null).func('int flock(int fd, int operation)');
    let descriptor: number;
    try {
      descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (cause) {
      throw SpirekitError.from(cause);
    }
    if (Number(flock(descriptor, LOCK_EX | LOCK_NB)) === 0) return new FolderLock(descriptor);
    const errno = koffi.errno();
    closeSync(descriptor);
    if (errno === koffi.os.errno['EAGAIN']) return undefined;
    throw new SpirekitError('io-error', `${path} cannot be locked (errno ${errno})`);
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
