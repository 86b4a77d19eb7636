import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

/** A server of somebody else's, run as a child process. */
export interface ChildServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether it answers. */
  readonly isUp: () => Promise<boolean>;
  /** Removed when it ends. */
  readonly folder: string;
}

/** Runs until it is disposed of. */
export class ChildServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #output = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** Resolves when it answers; rejects with what it printed if it ends before. */
  static async start({ command, args, env, isUp, folder }: ChildServerOptions): Promise<ChildServer> {
    const server = new ChildServer(spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }), folder);
    server.#child.on('error', (error) => {
      server.#output += error.message;
    });
    try {
      const deadline = performance.now() + 50_000;
      while (!(await isUp())) {
        if (server.#hasEnded || performance.now() > deadline)
          throw new Error(`${command} does not run:\n${server.#output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What it has printed. */
  get output(): string {
    return this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }
}
