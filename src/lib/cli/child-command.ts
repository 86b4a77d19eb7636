import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { errnoOf } from '../runtime/io-reason.ts';

/** How a command is run beside us. */
export interface ChildCommandOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The umask that the command starts with. */
  readonly umask: number;
  /** Passed on to the command while it runs. */
  readonly forward: readonly NodeJS.Signals[];
}

/** What shells exit with when a command is not there, or may not be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Runs a command on our own standard streams and returns its exit code; 128 and the signal's number when a signal ended
 * it, 127 when it is not there, 126 when it may not be run, as shells do.
 */
export function runChildCommand(
  command: string,
  args: readonly string[],
  options: ChildCommandOptions,
): Promise<number> {
  return new Promise((resolve) => {
    const umask = process.umask(options.umask);
    const child = spawn(command, args, { env: options.env, stdio: 'inherit' });
    process.umask(umask);
    const forwarders = options.forward.map((name) => [name, () => void child.kill(name)] as const);
    for (const [name, forward] of forwarders) process.on(name, forward);
    const finish = (code: number): void => {
      for (const [name, forward] of forwarders) process.off(name, forward);
      resolve(code);
    };
    child.on('error', (error) => {
      const isAbsent = errnoOf(error) === 'ENOENT';
      process.stderr.write(`${command}: ${isAbsent ? 'command not found' : error.message}\n`);
      finish(isAbsent ? NOT_FOUND : NOT_EXECUTABLE);
    });
    child.on('exit', (code, signal) => finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
