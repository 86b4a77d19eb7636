import type { BatchOptions } from '../client/batched-calls.ts';
import { prefixed } from '../runtime/errors.ts';
import type { CommandContext } from './command-context.ts';
import { ProgressLine } from './progress-line.ts';

/**
 * Runs a batch and shows on a terminal how far it is. On the umbrella, one that fails midway says how far it came.
 *
 * @param total how many items there are
 */
export async function withBatchProgress<T>(
  context: Pick<CommandContext, 'program' | 'io' | 'clock' | 'signal'>,
  total: number,
  run: (options: BatchOptions) => Promise<T>,
): Promise<T> {
  const { clock, signal, program } = context;
  using progress = new ProgressLine(context, total);
  return await run({
    clock,
    signal,
    onProgress: (done) => progress.show(done),
    ...(program === 'spirekit'
      ? { failedAfter: (done, all, error) => prefixed(`after ${done} of ${all}`, error) }
      : {}),
  });
}
