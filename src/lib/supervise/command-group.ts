import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type Clock, sleep } from '../runtime/clock.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { hasRunningMember } from './group-members.ts';

/** How a command is started. */
export interface CommandGroupOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** `inherit` leaves it our own streams; `to-stderr` gives it no input and writes all it says to our standard error. */
  readonly streams: 'inherit' | 'to-stderr';
  /**
   * False leaves it in our own process group, where a terminal's Ctrl-C and job control find it; then only the command
   * itself is ended, not what it has started. Default true.
   */
  readonly hasOwnGroup?: boolean;
}

/** How a command ended: like a shell's, 127 if it is not there and 126 if it may not be run. */
export interface CommandEnd {
  /** 128 and its number for a signal. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
  /** Which command could not be started, and why. */
  readonly startFailure?: string;
}

/** What shells exit with when a command is not there, or may not be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** How often it is looked whether what a command has left behind is gone. */
const LOOK_EVERY_MS = 20;

/**
 * A command with all that it starts, in a process group of its own: nothing of it outlives {@link stop}, unless it has left
 * the group as daemons do.
 */
export class CommandGroup implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #hasOwnGroup: boolean;
  #hasEnded = false;
  /** Resolves when the command itself has ended; what it has started may still run. */
  readonly ended: Promise<CommandEnd>;

  private constructor(child: ChildProcess, { clock, hasOwnGroup = true }: CommandGroupOptions) {
    this.#clock = clock;
    this.#child = child;
    this.#hasOwnGroup = hasOwnGroup;
    this.ended = new Promise((resolve) => {
      const finish = (end: CommandEnd): void => {
        this.#hasEnded = true;
        resolve(end);
      };
      child.once('error', (error) => {
        const isAbsent = errnoOf(error) === 'ENOENT';
        finish({
          exitCode: isAbsent ? NOT_FOUND : NOT_EXECUTABLE,
          signal: undefined,
          startFailure: `${child.spawnfile}: ${isAbsent ? 'command not found' : ioReason(error)}`,
        });
      });
      child.once('exit', (code, signal) => {
        const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
        finish({ exitCode, signal: signal ?? undefined });
      });
    });
  }

  /** Starts it; a failure to start is how it {@link ended}. */
  static start(command: string, args: readonly string[], options: CommandGroupOptions): CommandGroup {
    const child = spawn(command, args, {
      env: options.env,
      stdio: options.streams === 'inherit' ? 'inherit' : ['ignore', 2, 2],
      detached: options.hasOwnGroup ?? true,
    });
    return new CommandGroup(child, options);
  }

  /** Undefined if it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return !this.#hasEnded && this.#child.pid !== undefined;
  }

  /** Sends a signal to the command itself; false if it has ended. */
  signal(name: NodeJS.Signals): boolean {
    return this.isRunning && this.#child.kill(name);
  }

  /**
   * Ends it with all that it has started: SIGTERM (or the signal named), after `graceMs` SIGKILL. Resolves with how it ended
   * when nothing of the group is left.
   */
  async stop(graceMs: number, name: NodeJS.Signals = 'SIGTERM'): Promise<CommandEnd> {
    if (this.#sendToAll(name)) {
      const deadlineMs = this.#clock.monotonicMs() + graceMs;
      while (this.#isAnythingLeft() && this.#clock.monotonicMs() < deadlineMs) {
        await Promise.race(
          [this.#hasEnded ? undefined : this.ended, sleep(this.#clock, LOOK_EVERY_MS)].filter(Boolean),
        );
      }
      this.#sendToAll('SIGKILL');
    }
    return this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop(0).then(() => undefined);
  }

  #isAnythingLeft(): boolean {
    const { pid } = this.#child;
    if (pid === undefined || !this.#hasOwnGroup) return this.isRunning;
    return this.isRunning || hasRunningMember(pid);
  }

  /** False if there is nobody to send it to. */
  #sendToAll(signal: NodeJS.Signals): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    if (!this.#hasOwnGroup) return this.isRunning && this.#child.kill(signal);
    try {
      return process.kill(-pid, signal);
    } catch {
      return false;
    }
  }
}
