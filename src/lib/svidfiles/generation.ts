import { randomBytes } from 'node:crypto';
import { chmod, constants, link, lstat, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { syncFolder } from '../runtime/sync-folder.ts';
import type { FileOwner } from './file-owner.ts';
import type { IdentityFile } from './identity-file.ts';

/** While a generation is being written nobody else may look into it; what is left like that is not whole. */
const UNFINISHED_MODE = 0o700;
const FINISHED_MODE = 0o755;

const NAME = /^\.\.\d{4}(?:_\d\d){5}_\d{3}\.[0-9a-f]{8}$/;

/** Whether a name in a folder is that of a generation: `..2026_11_27_21_03_04_567.0123abcd`, later ones sort behind. */
export function isGenerationName(name: string): boolean {
  return NAME.test(name);
}

/** A name that no other generation has. */
export function newGenerationName(nowMs: number): string {
  const time = new Date(nowMs)
    .toISOString()
    .slice(0, 23)
    .replaceAll(/[-T:.]/g, '_');
  return `..${time}.${randomBytes(4).toString('hex')}`;
}

/**
 * Writes a generation: a folder with all files at their final modes and owners, on disk when this resolves. Nobody else
 * can open it before it is whole. Rejects as the file system does; what was written by then is left to the caller.
 */
export async function writeGeneration(path: string, files: readonly IdentityFile[], owner: FileOwner): Promise<void> {
  await makeUnfinished(path);
  await Promise.all(files.map((file) => writeNewFile(join(path, file.name), file, owner)));
  await chmod(path, FINISHED_MODE);
  await syncFolder(path);
}

/** The umask may take the owner's bits away too. */
async function makeUnfinished(path: string): Promise<void> {
  await mkdir(path, { mode: UNFINISHED_MODE });
  await chmod(path, UNFINISHED_MODE);
}

async function writeNewFile(path: string, { data, mode }: IdentityFile, owner: FileOwner): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await using file = await open(path, flags, 0o600);
  if (owner.uid !== undefined || owner.gid !== undefined) {
    const made = await file.stat();
    await file.chown(owner.uid ?? made.uid, owner.gid ?? made.gid);
  }
  // Behind `chown`, which may take bits away, and before the content; the umask has no say in it.
  await file.chmod(mode);
  await file.writeFile(data);
  await file.sync();
}

/** Makes a generation of files that are there already: they have two names then. Rejects as the file system does. */
export async function adoptFiles(path: string, files: readonly string[]): Promise<void> {
  await makeUnfinished(path);
  for (const file of files) await link(file, join(path, basename(file)));
  await chmod(path, FINISHED_MODE);
  await syncFolder(path);
}

/** Whether a generation was written to its end. */
export async function isFinished(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isDirectory() === true && (found.mode & 0o777) === FINISHED_MODE;
}

/** Whether a generation is exactly these files, with their modes and owners. */
export async function holdsExactly(path: string, files: readonly IdentityFile[], owner: FileOwner): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => []);
  if (names.length !== files.length) return false;
  const same = await Promise.all(files.map((file) => isSame(join(path, file.name), file, owner)));
  return !same.includes(false);
}

async function isSame(path: string, { data, mode }: IdentityFile, { uid, gid }: FileOwner): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() !== true || (found.mode & 0o7777) !== mode) return false;
  if ((uid !== undefined && found.uid !== uid) || (gid !== undefined && found.gid !== gid)) return false;
  const wanted = Buffer.from(data);
  if (found.size !== wanted.length) return false;
  const content = await readFile(path).catch(() => undefined);
  return content?.equals(wanted) === true;
}

/** Removes a generation, or what there is of one; that it cannot be removed changes nothing for anybody. */
export async function removeGeneration(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}
