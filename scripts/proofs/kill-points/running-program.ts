import type { ChildProcess } from 'node:child_process';

/** A process whose end may come from anywhere. */
export class RunningProgram {
  readonly pid: number;
  /** Resolves when it has ended, with its exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  #hasEnded = false;

  constructor(process: ChildProcess) {
    if (process.pid === undefined) throw new Error('the program could not be started');
    this.pid = process.pid;
    this.#process = process;
    // Whoever wants to read what it prints does so; nobody else must be able to make it wait.
    process.stdout?.resume();
    this.ended = new Promise((resolve) =>
      process.once('exit', (code) => {
        this.#hasEnded = true;
        resolve(code);
      }),
    );
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends it with SIGKILL, if it has not ended. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}
