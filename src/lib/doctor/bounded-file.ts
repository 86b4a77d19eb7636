import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** What a daemon keeps in a file takes some kilobytes. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** A file that was read, or why it was not. */
export type LookedAtFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly error: unknown }
  | { readonly kind: 'odd'; readonly status: Stats; readonly reason: string }
  | { readonly kind: 'read'; readonly status: Stats; readonly text: string };

/**
 * Reads a small file and changes nothing about it, not even a mode that is too wide. Links are followed, as the daemons
 * follow them; a FIFO does not make it wait.
 */
export async function lookAtFile(path: string): Promise<LookedAtFile> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile()) return { kind: 'odd', status, reason: 'it is no regular file' };
    if (status.size > LARGEST_BYTES) return { kind: 'odd', status, reason: `it has ${status.size} bytes` };
    return { kind: 'read', status, text: await file.readFile('utf8') };
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    return isAbsent ? { kind: 'absent' } : { kind: 'unreadable', error };
  }
}
