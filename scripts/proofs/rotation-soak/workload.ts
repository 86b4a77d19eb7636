import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a workload counted, as `test/clients/go/soak` prints it. */
export interface WorkloadReport {
  readonly handshakes: number;
  readonly failedHandshakes: number;
  readonly accepted: number;
  readonly failedAccepts: number;
  readonly calls: number;
  readonly failedCalls: number;
  readonly tokens: number;
  readonly failedTokens: number;
  /** When no token was to be had, in milliseconds since the Unix epoch. */
  readonly unfetchedAt: readonly number[];
  readonly longestGapMs: number;
  readonly svids: number;
  /** Of its own SVIDs. */
  readonly issuers: number;
  /** Key id to the last end, in seconds since the Unix epoch, of a token that it signed. */
  readonly tokenKeys: Readonly<Record<string, number>>;
  readonly errors: readonly string[];
}

/** How a workload is started. */
export interface WorkloadOptions {
  readonly program: string;
  readonly uid: number;
  readonly socketPath: string;
  readonly seconds: number;
  readonly listen: string;
  readonly peer: string;
  readonly peerId: string;
}

/** A Go process that calls its peer, and is called by it, for a while. */
export class Workload implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #stderr: string[] = [];

  constructor(options: WorkloadOptions) {
    const { program, uid, socketPath, seconds, listen, peer, peerId } = options;
    const child = spawn(program, [String(seconds), listen, peer, peerId], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { SPIFFE_ENDPOINT_SOCKET: `unix://${socketPath}` },
      ...(process.getuid?.() === uid ? {} : { uid, gid: uid }),
    });
    child.on('error', (error) => this.#stderr.push(error.message));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#stderr.push(text));
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#process = child;
  }

  /** Resolves when it has an identity and can be called. */
  async ready(): Promise<void> {
    await this.#line();
  }

  /** Has it call its peer; resolves at the end. */
  async run(): Promise<WorkloadReport> {
    this.#process.stdin?.write('\n');
    // The program and this type are one.
    return JSON.parse(await this.#line()) as WorkloadReport;
  }

  /** Has it report before its time is over. */
  end(): void {
    this.#process.stdin?.write('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      this.#process.on('close', () => resolve());
      this.#process.kill('SIGKILL');
    });
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`a workload ended: ${this.#stderr.join('')}`);
    return value;
  }
}
