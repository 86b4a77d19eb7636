import { randomBytes } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A write takes milliseconds; what is older than this was left by a process that was killed. */
const ABANDONED_AFTER_MS = 60_000;

/** The name under which a file is written beside its place. */
export function temporaryPathFor(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(8).toString('hex')}.tmp`);
}

/**
 * Removes what killed processes of this user left beside a file. One that is still being written is not old enough; if
 * its writer was only stopped for long, that one fails later and the file keeps its content.
 *
 * @param nowMs the time by the file system's own clock, in milliseconds since the Unix epoch
 */
export async function removeAbandoned(target: string, nowMs: number): Promise<void> {
  const folder = dirname(target);
  const prefix = `.${basename(target)}.`;
  const isTemporary = (name: string): boolean =>
    name.startsWith(prefix) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(prefix.length));
  // A folder that may be written but not listed is no reason to fail.
  const names = await readdir(folder).catch((): string[] => []);
  for (const path of names.filter(isTemporary).map((name) => join(folder, name))) {
    const found = await lstat(path).catch(() => undefined);
    const isOurs = found?.isFile() === true && found.uid === process.geteuid?.();
    if (isOurs && found.mtimeMs < nowMs - ABANDONED_AFTER_MS) await rm(path, { force: true }).catch(() => undefined);
  }
}
