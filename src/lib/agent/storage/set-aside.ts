import { rename } from 'node:fs/promises';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';

/**
 * Renames a damaged file, so that another can take its place and the old one can still be looked at. Resolves with the
 * new path, which holds the time. Throws `io-error`.
 */
export async function setAside(path: string, clock: Clock): Promise<string> {
  const moved = `${path}.damaged-${new Date(clock.nowMs()).toISOString().replaceAll(/[:.]/g, '-')}`;
  try {
    await rename(path, moved);
  } catch (error) {
    throw SpirekitError.from(error);
  }
  return moved;
}
