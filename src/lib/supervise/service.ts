import type { Clock } from '../runtime/clock.ts';
import { type CommandEnd, CommandGroup } from './command-group.ts';

/** A command that runs as long as its identity is kept fresh. */
export interface ServiceOptions {
  readonly command: string;
  /** Its arguments, which may depend on what its environment says of the identity. */
  readonly args: (env: NodeJS.ProcessEnv) => readonly string[];
  readonly clock: Clock;
  /** What it is told of a change: by a signal, by being stopped and started again, or not at all. */
  readonly onChange: NodeJS.Signals | 'restart' | 'none';
  /** Whether its end is ours, or it is started again with the next change, as spiffe-helper does. */
  readonly onExit: 'exit' | 'wait';
  /** How long it has to end by itself after SIGTERM. */
  readonly graceMs: number;
  readonly hasOwnGroup: boolean;
}

/** What was done about a change. */
export type ServiceAction = 'started' | 'restarted' | 'signaled' | 'left';

/**
 * Runs a command on our own standard streams, tells it of changes, passes signals on to it, and ends as it does. When it is
 * over, nothing of its process group is left.
 */
export class Service implements AsyncDisposable {
  readonly #options: ServiceOptions;
  readonly #finished = Promise.withResolvers<CommandEnd>();
  #group: CommandGroup | undefined;
  /** The one that is being stopped to be started again: its end is no end of ours. */
  #replaced: CommandGroup | undefined;
  #isStopping = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Resolves when the command has ended for good: by itself, unless it is to be started again, or by {@link stop}. */
  get finished(): Promise<CommandEnd> {
    return this.#finished.promise;
  }

  get pid(): number | undefined {
    return this.#group?.pid;
  }

  get isRunning(): boolean {
    return this.#group?.isRunning === true || this.#replaced?.isRunning === true;
  }

  /** Starts the command, or tells it that its identity has changed. */
  async change(env: NodeJS.ProcessEnv): Promise<ServiceAction> {
    const { onChange, graceMs } = this.#options;
    const running = this.#group;
    if (this.#isStopping) return 'left';
    if (running === undefined || !running.isRunning) {
      this.#start(env);
      return 'started';
    }
    if (onChange === 'none') return 'left';
    if (onChange !== 'restart') {
      running.signal(onChange);
      return 'signaled';
    }
    this.#replaced = running;
    await running.stop(graceMs);
    if (this.#isStopping) return 'left';
    this.#start(env);
    return 'restarted';
  }

  /** Passes a signal on. */
  forward(name: NodeJS.Signals): void {
    this.#group?.signal(name);
  }

  /** Ends the command with all that it has started and resolves with how it ended; with the exit code 0 if none runs. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<CommandEnd> {
    this.#isStopping = true;
    const end = (await this.#group?.stop(this.#options.graceMs, name)) ?? { exitCode: 0, signal: undefined };
    this.#finished.resolve(end);
    return this.#finished.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #start(env: NodeJS.ProcessEnv): void {
    const { command, args, clock, hasOwnGroup, onExit, graceMs } = this.#options;
    const group = CommandGroup.start(command, args(env), { env, clock, streams: 'inherit', hasOwnGroup });
    this.#group = group;
    void group.ended.then(async (end) => {
      if (this.#replaced === group || this.#isStopping) return;
      await group.stop(graceMs);
      if (onExit === 'exit' || end.startFailure !== undefined) this.#finished.resolve(end);
    });
  }
}
