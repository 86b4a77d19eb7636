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
