import { type ChildProcess, spawn } from 'node:child_process';
import type { LayoutName } from '../../../src/lib/svidfiles/layouts/layouts.ts';
import { ours } from '../../../test/support/programs.ts';
import { MODES, OWNER } from './versions.ts';

/** What a writer writes, and where it gets it. */
export interface WriterTask {
  readonly folder: string;
  readonly layout: LayoutName;
  readonly socketPath: string;
  readonly passwordFile: string;
}

/** `spirekit api watch -write`, which can be killed and started again. */
export class WriterProcess implements AsyncDisposable {
  readonly #task: WriterTask;
  #process: ChildProcess;
  #ended: Promise<void>;
  #isWanted = true;
  #said = '';

  constructor(task: WriterTask) {
    this.#task = task;
    [this.#process, this.#ended] = this.#start();
  }

  /** Kills it as nothing else can, and starts another. */
  async killAndRestart(): Promise<void> {
    this.#isWanted = false;
    this.#process.kill('SIGKILL');
    await this.#ended;
    this.#isWanted = true;
    [this.#process, this.#ended] = this.#start();
  }

  /** Why it has ended by itself; undefined while it runs. */
  get failure(): string | undefined {
    const { exitCode } = this.#process;
    return this.#isWanted && exitCode !== null ? `exit code ${exitCode}: ${this.#said}` : undefined;
  }

  #start(): [ChildProcess, Promise<void>] {
    const { folder, layout, socketPath, passwordFile } = this.#task;
    const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
    const args = ['-socketPath', socketPath, '-write', folder, '-layout', layout];
    args.push('-mode', octal(MODES.mode), '-keyMode', octal(MODES.keyMode));
    if (OWNER.uid !== undefined) args.push('-owner', `${OWNER.uid}`, '-group', `${OWNER.gid}`);
    if (layout === 'p12') args.push('-keystorePasswordFile', passwordFile);
    const started = spawn(ours.spirekit, ['api', 'watch', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-500);
    });
    return [started, new Promise((resolve) => started.once('close', () => resolve()))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#ended;
  }
}
