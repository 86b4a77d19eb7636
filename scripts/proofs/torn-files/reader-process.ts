import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../../test/support/programs.ts';
import type { Sighting } from './sighting.ts';

/** Another process that reads the files of a folder as fast as it can. */
export class ReaderProcess implements Disposable {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Resolves when it is about to take its first look; the files have to be there. */
  static async start(folder: string): Promise<ReaderProcess> {
    const reader = new ReaderProcess(fork(join(projectRoot, 'scripts/proofs/torn-files/reader.ts'), [folder]));
    await reader.#nextMessage();
    return reader;
  }

  /** Ends it, after one look at least; resolves with what it saw. */
  async end(): Promise<Sighting> {
    const answer = this.#nextMessage();
    this.#process.send('stop');
    // The only message that it sends after its first.
    return (await answer) as Sighting;
  }

  #nextMessage(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#process.once('message', resolve);
      this.#process.once('exit', (code) => reject(new Error(`the reader ended with exit code ${code}`)));
    });
  }

  [Symbol.dispose](): void {
    this.#process.kill();
  }
}
