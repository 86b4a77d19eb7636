import { constants, link, lstat, open, readlink, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { SpirekitError } from './errors.ts';
import { refuseForeignLink, refuseForeignLinks } from './foreign-links.ts';
import { errnoOf, ioReason } from './io-reason.ts';
import { syncFolder } from './sync-folder.ts';
import { removeAbandoned, temporaryPathFor } from './temporary-file.ts';

/** How a file is written. */
export interface AtomicFileOptions {
  /** Permission bits of the file, such as `0o600`; those of an older file and the umask do not matter. */
  readonly mode: number;
  /** Refuse with `already-exists` where there is something of that name, a link too. */
  readonly isNew?: boolean;
}

/**
 * Replaces a file as a whole: readers and a crash see the old content or the new. The file is never open wider than
 * `mode`, and its content is on disk when the promise resolves.
 *
 * @throws SpirekitError `io-error` in Go's words (`open PATH: no such file or directory`), `permission-denied` when the
 *   path leads through a symbolic link of another user; the old file is then as it was
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicFileOptions,
): Promise<void> {
  await using files = new AtomicFiles();
  await files.stage(path, data, options);
  await files.commit();
}

/** A file that is written and not in its place yet. */
interface StagedFile {
  readonly target: string;
  readonly temporary: string;
  readonly isNew: boolean;
}

/**
 * Files that change together: each is written beside its place first, and only when all are on disk are they renamed
 * into place, one right after the other. What was staged and not committed is removed on disposal; what a killed process
 * left is removed by a later write of the same file.
 */
export class AtomicFiles implements AsyncDisposable {
  #staged: StagedFile[] = [];

  /** Writes one file beside its place. @throws as {@link writeFileAtomic} */
  async stage(path: string, data: string | Uint8Array, options: AtomicFileOptions): Promise<void> {
    let operation = 'open';
    try {
      const target = await findTarget(path);
      const isNew = options.isNew === true;
      if (isNew) await refuseExisting(path);
      const temporary = temporaryPathFor(target);
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      // Without the group's and others' bits first: the umask may be any, and chmod comes before the content.
      await using file = await open(temporary, flags, options.mode & 0o600);
      this.#staged.push({ target, temporary, isNew });
      await file.chmod(options.mode);
      await removeAbandoned(target, (await file.stat()).mtimeMs);
      operation = 'write';
      await file.writeFile(data);
      await file.sync();
    } catch (cause) {
      throw fileError(operation, path, cause);
    }
  }

  /**
   * Puts the staged files into place, in the order in which they were staged, and makes that durable; also of those
   * before one that fails.
   */
  async commit(): Promise<void> {
    const folders = new Set<string>();
    try {
      for (let next = this.#staged[0]; next !== undefined; next = this.#staged[0]) {
        await put(next);
        this.#staged.shift();
        folders.add(dirname(next.target));
      }
    } catch (cause) {
      throw fileError('open', this.#staged[0]?.target ?? '', cause);
    } finally {
      for (const folder of folders) await syncFolder(folder);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const leftovers = this.#staged;
    this.#staged = [];
    await Promise.all(leftovers.map(({ temporary }) => rm(temporary, { force: true }).catch(() => undefined)));
  }
}

/** A link takes no place that is taken, where renaming would. */
async function put({ target, temporary, isNew }: StagedFile): Promise<void> {
  if (!isNew) return await rename(temporary, target);
  await link(temporary, target);
  await rm(temporary, { force: true });
}

async function refuseExisting(path: string): Promise<void> {
  if ((await lstat(path).catch(ignoreMissing)) !== undefined) throw new SpirekitError('already-exists', 'file exists');
}

/** As many links as Linux follows. */
const MAX_LINKS = 40;

/**
 * Where a write to the path would go. Our own links and root's are followed, so that the link stays and what it names is
 * replaced; a link that another user made could send a key, or root's hand, anywhere.
 */
async function findTarget(path: string): Promise<string> {
  let target = isAbsolute(path) ? path : `${process.cwd()}/${path}`;
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    await refuseForeignLinks(dirname(target));
    const folder = await realpath(dirname(target));
    const file = join(folder, basename(target));
    const found = await lstat(file).catch(ignoreMissing);
    if (found?.isDirectory() === true) throw new SpirekitError('io-error', 'is a directory');
    if (found === undefined || !found.isSymbolicLink()) return file;
    refuseForeignLink(file, found.uid);
    const named = await readlink(file);
    target = isAbsolute(named) ? named : `${folder}/${named}`;
  }
  throw new SpirekitError('io-error', 'too many levels of symbolic links');
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}

function fileError(operation: string, path: string, cause: unknown): SpirekitError {
  if (cause instanceof SpirekitError) return new SpirekitError(cause.code, `open ${path}: ${cause.message}`, { cause });
  const code = errnoOf(cause) === 'EEXIST' ? 'already-exists' : 'io-error';
  return new SpirekitError(code, `${operation} ${path}: ${ioReason(cause)}`, { cause });
}
