import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../../test/support/programs.ts';
import type { Sighting } from './sighting.ts';
import type { ExpectedFiles } from './versions.ts';

/** Another process that reads the files of a folder as fast as it can. */
export class ReaderProcess implements Disposable {
  readonly #process: ChildProcess;
  #looks = 0;
  #wake = quietly<void>();
  readonly #sighting = quietly<Sighting>();

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (message: number | Sighting) => {
      if (typeof message === 'number') this.#looks = message;
      else this.#sighting.resolve(message);
      this.#wake.resolve();
      this.#wake = quietly();
    });
    process.once('exit', (code) => {
      const error = new Error(`the reader ended with exit code ${code}`);
      this.#sighting.reject(error);
      this.#wake.reject(error);
    });
  }

  /** Starts it; the files have to be there. Resolves after its first looks. */
  static async start(folder: string, expected: ExpectedFiles): Promise<ReaderProcess> {
    const reader = new ReaderProcess(fork(join(projectRoot, 'scripts/proofs/rotations/reader.ts'), [folder]));
    reader.#process.send(expected);
    await reader.hasLooked(1);
    return reader;
  }

  /** Resolves when it has looked so many times. */
  async hasLooked(looks: number): Promise<void> {
    while (this.#looks < looks) {
      const { promise } = this.#wake;
      await promise;
    }
  }

  /** Ends it; resolves with what it saw. */
  end(): Promise<Sighting> {
    this.#process.send('stop');
    return this.#sighting.promise;
  }

  [Symbol.dispose](): void {
    this.#process.removeAllListeners('exit');
    this.#process.kill();
  }
}

/** A promise that may be rejected when nobody waits for it. */
function quietly<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>();
  made.promise.catch(() => undefined);
  return made;
}
