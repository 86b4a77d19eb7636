import { sleep } from '../runtime/clock.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import { formatGoDuration, nanosecondsToMs } from '../runtime/go-duration.ts';
import type { CommandContext } from './command-context.ts';
import { plainly, umbrellaCode } from './failure.ts';
import { StatusLine } from './status-line.ts';

/** How a command waits for what is not there yet. */
export interface Patience {
  /** For how long after the first attempt; none or less: the first failure counts. */
  readonly waitNanoseconds: bigint;
  /** What is awaited, in words for people: `an identity`. */
  readonly what: string;
  /** Whether time may mend a failure; default {@link mayPass}. */
  readonly mayPass?: (error: SpirekitError) => boolean;
  /** A number from 0 up to but not 1, for jitter; default `Math.random`. */
  readonly random?: () => number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
const GROWTH = 1.6;

/** Jobs that a pipeline starts at the same moment do not all come back at the same moment. */
const JITTER = 0.2;

/** How often the line that says what is awaited is written anew. */
const TICK_MS = 1000;

/**
 * Whether a failure may be gone a little later: nothing listens yet, no answer in time, or no entry has reached the agent.
 */
export function mayPass(error: SpirekitError): boolean {
  const code = umbrellaCode(error);
  return code === 'unavailable' || code === 'no-identity' || code === 'deadline-exceeded';
}

/**
 * Tries again while time may mend the failure, after 0.1 s, 0.16 s, ... 5 s, give or take a fifth, and a last time when the
 * wait is over. An attempt that is under way then has its own time. On a terminal, a line on stderr says what is awaited.
 *
 * @throws the last failure, with words on the wait in front; and the reason of the context's signal when it aborts
 */
export async function withPatience<T>(
  attempt: () => Promise<T>,
  patience: Patience,
  context: Pick<CommandContext, 'io' | 'clock' | 'signal'>,
): Promise<T> {
  const { clock, signal } = context;
  const { waitNanoseconds, what, random = Math.random } = patience;
  const isTransient = patience.mayPass ?? mayPass;
  const endMs = clock.monotonicMs() + nanosecondsToMs(waitNanoseconds);
  using line = new StatusLine(context.io);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * GROWTH, LONGEST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (cause) {
      const error = SpirekitError.from(cause);
      const leftMs = endMs - clock.monotonicMs();
      if (waitNanoseconds <= 0n || signal.aborted || !isTransient(error)) throw error;
      if (leftMs <= 0) throw prefixed(`waited ${formatGoDuration(waitNanoseconds)} for ${what}`, error);
      const wakeMs = clock.monotonicMs() + Math.min(leftMs, pauseMs * (1 - JITTER + 2 * JITTER * random()));
      for (let nowMs = clock.monotonicMs(); nowMs < wakeMs; nowMs = clock.monotonicMs()) {
        line.show(`Waiting for ${what}, ${Math.ceil((endMs - nowMs) / 1000)} s at most: ${plainly(error.message)}`);
        await sleep(clock, Math.min(wakeMs - nowMs, TICK_MS), { signal });
      }
    }
  }
}
