import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { CommandGroup } from './command-group.ts';

/** How a hook is run. */
export interface HookOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** How long it may take. */
  readonly timeoutMs: number;
  /** How long it has to end by itself after SIGTERM. */
  readonly graceMs: number;
  readonly signal: AbortSignal;
}

/**
 * Runs a line of shell to its end, with no input, its output on our standard error. What it leaves running in its process
 * group is ended with it, and so is one that takes too long or is still there when the signal aborts.
 *
 * @throws SpirekitError `aborted` for one that did not exit with 0, `deadline-exceeded` for one that took too long,
 *   `canceled` when the signal aborted
 */
export async function runHook(line: string, options: HookOptions): Promise<void> {
  options.signal.throwIfAborted();
  const group = CommandGroup.start('/bin/sh', ['-c', line], { ...options, streams: 'to-stderr' });
  const { promise: cut, resolve } = Promise.withResolvers<'timeout' | 'stopped'>();
  const cancel = options.clock.schedule(options.timeoutMs, () => resolve('timeout'));
  const onAbort = (): void => resolve('stopped');
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const outcome = await Promise.race([group.ended, cut]);
    await group.stop(options.graceMs);
    if (outcome === 'timeout') {
      throw new SpirekitError(
        'deadline-exceeded',
        `the command of --exec took more than ${options.timeoutMs / 1000} s`,
      );
    }
    if (outcome === 'stopped') throw new SpirekitError('canceled', 'the command of --exec was stopped');
    const { exitCode, signal, startFailure } = outcome;
    if (exitCode === 0) return;
    const how = startFailure ?? (signal === undefined ? `exited with ${exitCode}` : `was ended by ${signal}`);
    throw new SpirekitError('aborted', `the command of --exec ${how}`);
  } finally {
    cancel();
    options.signal.removeEventListener('abort', onAbort);
  }
}
