import { lstat } from 'node:fs/promises';
import { SpirekitError } from './errors.ts';

/**
 * Refuses a path that leads through a symbolic link of another user, who could send a key, or root's hand, anywhere. Our
 * own links and root's are fine. It goes name by name and without shortening `..`, which behind a link leads elsewhere
 * than the text says. Rejects with `permission-denied`, or as `lstat` does.
 *
 * @param path absolute
 */
export async function refuseForeignLinks(path: string): Promise<void> {
  let at = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    at += `/${name}`;
    const found = await lstat(at);
    if (found.isSymbolicLink()) refuseForeignLink(at, found.uid);
  }
}

/** As {@link refuseForeignLinks}, for one link whose owner is known. */
export function refuseForeignLink(path: string, ownerUid: number): void {
  const own = process.geteuid?.() ?? 0;
  if (ownerUid === own || ownerUid === 0) return;
  throw new SpirekitError(
    'permission-denied',
    `${path} is a symbolic link that belongs to another user (uid ${ownerUid})`,
  );
}
