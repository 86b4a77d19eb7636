import { type ChildProcess, spawn } from 'node:child_process';
import { ours, run } from '../../../test/support/programs.ts';

/** The ways in which the files are written, in turn: both programs, each output, different umasks. */
const WAYS = [
  { program: ours.agent, umask: '022', args: [] },
  { program: ours.spirekit, umask: '077', args: [] },
  { program: ours.agent, umask: '000', args: ['-output', 'json'] },
  { program: ours.spirekit, umask: '000', args: ['--output', 'yaml'] },
  { program: ours.agent, umask: '077', args: ['-silent'] },
  { program: ours.spirekit, umask: '022', args: ['--output', 'table', '--silent'] },
] as const;

/** Runs `api fetch x509 -write` in one of its ways; the number of the rotation says which. */
export async function fetchAndWrite(rotation: number, socketPath: string, folder: string): Promise<void> {
  const { program, umask, args } = WAYS[rotation % WAYS.length] ?? WAYS[0];
  const command = [program, 'api', 'fetch', 'x509', '-socketPath', socketPath, '-write', folder, ...args];
  const fetched = await run('sh', ['-c', 'umask "$1"; shift; exec "$@"', 'sh', umask, ...command]);
  if (fetched.code === 0 && fetched.stderr === '') return;
  throw new Error(`${command.join(' ')}: exit ${fetched.code}: ${fetched.stderr}`);
}

/** An `api watch` whose updates are waited for. */
export class Watch implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #updates = 0;
  #said = '';
  #wake = Promise.withResolvers<void>();

  constructor(socketPath: string) {
    this.#process = spawn(ours.agent, ['api', 'watch', '-socketPath', socketPath], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = new Promise((resolve) => this.#process.on('close', resolve));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    let rest = '';
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.#updates += lines.filter((line) => /^Received \d+ svid/.test(line)).length;
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
  }

  /** Resolves when it has shown so many updates. Rejects if it ends before. */
  async shown(updates: number): Promise<void> {
    while (this.#updates < updates) {
      const ended = this.#ended.then(() => {
        throw new Error(`api watch ended after ${this.#updates} updates: ${this.#said}`);
      });
      await Promise.race([this.#wake.promise, ended]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGINT');
    await this.#ended;
  }
}
