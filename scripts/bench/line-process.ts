import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A process that is spoken to in lines: it reads orders from standard input and prints answers as JSON. */
export class LineProcess implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const child = spawn(program, args, {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** One of this folder's processes. */
  static script(name: string, args: readonly (string | number)[] = []): LineProcess {
    return new LineProcess(process.execPath, [join(import.meta.dirname, 'processes', name), ...args.map(String)]);
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Tells the process that no more orders come. */
  endOrders(): void {
    this.#child.stdin?.end();
  }

  /** The next line that it prints. */
  async receive<T>(): Promise<T> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.#child.spawnargs.join(' ')} ended without an answer`);
    return JSON.parse(line.value);
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}
