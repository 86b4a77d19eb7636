import type { Clock } from '../runtime/clock.ts';

/** What every look may use of the world. */
export interface Surroundings {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long one question may wait for its answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths start here, unless the daemon runs elsewhere. */
  readonly cwd: string;
  /** Who looks. */
  readonly uid: number;
}
