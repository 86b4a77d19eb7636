import { NOBODY } from './programs.ts';

/**
 * Takes a step as a user with no rights of its own, where this process is root's and so passes everywhere; else as it is.
 * The whole process is that user meanwhile.
 */
export async function withoutRights<T>(step: () => T | Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return await step();
  process.seteuid?.(NOBODY);
  try {
    return await step();
  } finally {
    process.seteuid?.(0);
  }
}
