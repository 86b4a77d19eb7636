import { nanosecondsToMs } from '../runtime/go-duration.ts';
import type { WorkloadCallOptions } from '../workloadapi/client.ts';
import type { CommandContext } from './command-context.ts';
import { flag } from './go-flags.ts';
import { agentSocketFlags } from './sockets.ts';

/** The flags that every one-shot command of the Workload API has. */
export const workloadFlags = {
  ...agentSocketFlags,
  timeout: flag.durationValue({ usage: 'How long to wait for an answer', default: 5_000_000_000n }),
  wait: flag.durationValue({
    usage: 'Keep asking for so long, for example 60s, while nothing listens or no entry matches yet',
    isExtension: true,
  }),
} as const;

/** The deadline of a call as `-timeout` gives it; zero or less means none, as in SPIRE. */
export function callOptions(context: CommandContext<typeof workloadFlags>): WorkloadCallOptions {
  const { timeout } = context.flags;
  return { signal: context.signal, ...(timeout > 0n ? { timeoutMs: nanosecondsToMs(timeout) } : {}) };
}

/**
 * Asks once, or with `-wait` again and again while time may mend the failure.
 *
 * @param what is awaited, in words for people
 */
export async function askWithPatience<T>(
  context: CommandContext<typeof workloadFlags>,
  what: string,
  ask: () => Promise<T>,
): Promise<T> {
  const { wait } = context.flags;
  if (wait <= 0n) return ask();
  const { withPatience } = await import('./patience.ts');
  return withPatience(ask, { waitNanoseconds: wait, what }, context);
}
