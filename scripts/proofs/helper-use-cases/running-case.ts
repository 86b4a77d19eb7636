import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { splitCommandLine } from '../../../test/golden/golden-file.ts';
import { ours } from '../../../test/support/programs.ts';
import type { Stage } from './stage.ts';
import type { UseCase } from './use-cases.ts';

const PATIENCE_MS = 60_000;

/** A use case whose command line runs in a folder of its own. */
export class RunningCase implements AsyncDisposable {
  readonly useCase: UseCase;
  readonly folder: string;
  readonly port: number;
  readonly stage: Stage;
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #others: ChildProcess[] = [];
  #said = '';

  private constructor(useCase: UseCase, stage: Stage, where: { path: string; port: number }) {
    this.useCase = useCase;
    this.stage = stage;
    this.folder = where.path;
    this.port = where.port;
    const { argv } = splitCommandLine(useCase.line.replace('8081', String(where.port)));
    this.#child = spawn(ours.spirekit, argv.slice(1), {
      cwd: this.folder,
      env: { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${stage.deployment.agentSocket}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
    this.ended = new Promise((resolve) => this.#child.on('exit', (code) => resolve(code)));
  }

  static async start(useCase: UseCase, stage: Stage): Promise<RunningCase> {
    return new RunningCase(useCase, stage, await stage.makeFolder(useCase.name));
  }

  /** What it has printed. */
  get said(): string {
    return this.#said;
  }

  /** Starts a program of the folder beside it, as somebody else would. */
  startBeside(name: string): ChildProcess {
    const other = spawn(join(this.folder, name), [], { cwd: this.folder, stdio: 'ignore' });
    this.#others.push(other);
    return other;
  }

  text(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  mode(name: string): string {
    return (statSync(join(this.folder, name)).mode & 0o777).toString(8);
  }

  has(name: string): boolean {
    return existsSync(join(this.folder, name));
  }

  /** The certificates of a file. */
  certificates(name: string): X509Certificate[] {
    const blocks = this.text(name).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
    return blocks.map((pem) => new X509Certificate(pem));
  }

  /** The serial number that the TLS server in the folder shows. */
  shownSerial(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: join(this.folder, 'tls.sock'), rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }

  /** Waits until something holds; what throws does not hold yet. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      if (
        await Promise.resolve()
          .then(holds)
          .catch(() => false)
      )
        return;
      await sleep(20);
    }
    throw new Error(`${what}: never came about; it said:\n${this.#said}`);
  }

  end(): void {
    this.#child.kill('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const other of this.#others) other.kill('SIGKILL');
    this.end();
    await this.ended;
  }
}
