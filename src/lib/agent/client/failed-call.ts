import { prefixed, type SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';

/** What is known of a call to the server that failed. */
export interface FailedCall {
  /** What it was to do, as in "failed to fetch bundle". */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** What the log is told beside the error. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * Logs that a call failed, and returns the error to throw. A call that the agent itself breaks off, as it does when it
 * stops, is not logged: nothing went wrong.
 */
export function failedCall(error: unknown, { what, signal, log, fields }: FailedCall): SpirekitError {
  if (!signal.aborted) log.error(`Failed to ${what}`, { ...fields, error });
  return prefixed(`failed to ${what}`, error);
}
