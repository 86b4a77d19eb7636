import { vi } from 'vitest';

/** Tries again and again until it succeeds, for as long as a busy machine may take. */
export function eventually<T>(attempt: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(attempt, { timeout: 20_000 });
}
