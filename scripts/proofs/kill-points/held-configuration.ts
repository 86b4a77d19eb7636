import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { errnoOf } from '../../../src/lib/runtime/io-reason.ts';
import { run } from '../../../test/support/programs.ts';
import type { RunningProgram } from './running-program.ts';

/** A configuration file at which a daemon waits until it is let go on: a FIFO. */
export class HeldConfiguration implements Disposable {
  readonly path: string;
  #writer: number | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(path: string): Promise<HeldConfiguration> {
    rmSync(path, { force: true });
    const made = await run('mkfifo', [path]);
    if (made.code !== 0) throw new Error(`mkfifo: ${made.stderr}`);
    return new HeldConfiguration(path);
  }

  /** Resolves when the program waits for the text. */
  async isReachedBy(program: RunningProgram): Promise<void> {
    while (this.#writer === undefined) {
      try {
        this.#writer = openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch (error) {
        if (errnoOf(error) !== 'ENXIO') throw error;
        if (program.hasEnded) throw new Error('the program ended before it read its configuration');
        await wait(2);
      }
    }
  }

  /** Lets the program have the text, which must be shorter than a pipe's buffer. */
  release(text: string): void {
    if (this.#writer === undefined) throw new Error('nobody waits for the configuration');
    writeSync(this.#writer, text);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.#writer !== undefined) closeSync(this.#writer);
    this.#writer = undefined;
    rmSync(this.path, { force: true });
  }
}
