import { SpirekitError } from '../../runtime/errors.ts';

/** The error with what the agent was doing in front of it, as SPIRE's agent logs it; the code stays. */
export function failedTo(what: string, cause: unknown): SpirekitError {
  const error = SpirekitError.from(cause);
  return new SpirekitError(error.code, `${what}: ${error.message}`, { cause });
}

/** The first error among an error and its causes that a function picks. */
export function findCause<T>(error: unknown, pick: (error: unknown) => T | undefined): T | undefined {
  // Bounded, since nothing says that causes do not go in a circle.
  for (let depth = 0, current = error; depth < 16; depth++) {
    const found = pick(current);
    if (found !== undefined || !(current instanceof Error)) return found;
    current = current.cause;
  }
  return undefined;
}
