import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { CommandClass } from '../../../src/lib/cli/command-class.ts';
import type { Program } from '../../../src/lib/cli/programs.ts';
import { runCommand } from '../../../src/lib/cli/run-command.ts';
import { RpcServer, type ServiceImplementation } from '../../../src/lib/rpc/server.ts';
import type { ServiceDefinition } from '../../../src/lib/rpc/service.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** What a command left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server on a socket in a folder of its own, which answers as a test told it to; everything else is Unimplemented. */
export class CommandHarness implements AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  readonly clock = new ManualClock();
  readonly #server = new RpcServer();

  private constructor(folder: string) {
    this.folder = folder;
    this.socketPath = join(folder, 's.sock');
  }

  static async open(addServices: (add: RpcServer['addService']) => void): Promise<CommandHarness> {
    const harness = new CommandHarness(await mkdtemp(join(tmpdir(), 'command-')));
    addServices(<D extends ServiceDefinition>(definition: D, implementation: ServiceImplementation<D>) =>
      harness.#server.addService(definition, implementation),
    );
    await harness.#server.listenUnix({ path: harness.socketPath, socketMode: 0o600 });
    return harness;
  }

  /** Runs a command in this process against the server. */
  async run(
    program: Program,
    command: CommandClass,
    argv: readonly string[],
    options: { stdin?: string } = {},
  ): Promise<Outcome> {
    const written = { stdout: '', stderr: '' };
    const output = (name: keyof typeof written) => ({
      write: (text: string | Uint8Array) => (written[name] += String(text)),
    });
    const io = {
      stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
      stdout: output('stdout'),
      stderr: output('stderr'),
    };
    const words = ['-socketPath', this.socketPath, ...argv];
    const code = await runCommand(command, words, { program, io, env: { TZ: 'UTC' }, clock: this.clock });
    return { code, ...written };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await rm(this.folder, { recursive: true });
  }
}
