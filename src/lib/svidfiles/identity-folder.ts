import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { FolderLock } from '../runtime/folder-lock.ts';
import { refuseForeignLink, refuseForeignLinks } from '../runtime/foreign-links.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { ResourceStack } from '../runtime/resource-stack.ts';
import { syncFolder } from '../runtime/sync-folder.ts';
import type { FileOwner } from './file-owner.ts';
import {
  adoptFiles,
  holdsExactly,
  isFinished,
  isGenerationName,
  newGenerationName,
  removeGeneration,
  writeGeneration,
} from './generation.ts';
import type { IdentityFile } from './identity-file.ts';

/** What {@link IdentityFolder.open} needs. */
export interface IdentityFolderOptions {
  /** Whom files are given to; by default they belong to this process. */
  readonly owner?: FileOwner | undefined;
  readonly clock: Clock;
}

/** The link that switches: all names in the folder lead through it. */
const CURRENT = '..data';

/**
 * A folder in which the files of an identity change together. Each version is a folder of its own, a generation; the
 * link `..data` names the one that counts, and every file's name is a link through it, as the kubelet does for secrets.
 * Renaming one link over `..data` changes all files at one moment, for everybody.
 *
 * Whoever resolves the folder once (`cd -P`, `realpath`) reads files of one generation, since the one before stays until
 * the next change. Whoever opens two names in the folder one after the other can have the change fall in between.
 *
 * The folder has one writer: a lock keeps others out. It belongs to this user or to root, and no link of another user
 * leads to it.
 */
export class IdentityFolder implements AsyncDisposable {
  /** Without links. */
  readonly path: string;
  readonly #owner: FileOwner;
  readonly #clock: Clock;
  readonly #resources: ResourceStack;
  /** What the writes wait for: they happen one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, options: IdentityFolderOptions, resources: ResourceStack) {
    this.path = path;
    this.#owner = options.owner ?? {};
    this.#clock = options.clock;
    this.#resources = resources;
  }

  /**
   * Takes the folder, makes it (not its parents) if it is missing, and removes what killed writers have left.
   *
   * @throws SpirekitError `permission-denied` for a folder or link of another user, `failed-precondition` for a folder
   *   that another process writes or whose `..data` is not ours, `io-error`
   */
  static async open(path: string, options: IdentityFolderOptions): Promise<IdentityFolder> {
    await using opening = new ResourceStack();
    const absolute = isAbsolute(path) ? path : `${process.cwd()}/${path}`;
    const real = await openFolder(absolute).catch(inWords(`open ${path}`));
    const lock = await FolderLock.acquire(real);
    if (lock === undefined) {
      throw new SpirekitError(
        'failed-precondition',
        `another process writes to ${path}: stop it, or take another folder`,
      );
    }
    opening.use(lock);
    const folder = new IdentityFolder(real, options, opening.move());
    try {
      await folder.#removeLitter();
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      return inWords(`open ${path}`)(error);
    }
    return folder;
  }

  /**
   * Puts the files in place, all at one moment, and takes away those of an earlier version that are no more among them.
   * They are on disk when it resolves. Resolves with whether anything had to be changed. If it rejects, all is as it was.
   *
   * @throws SpirekitError `canceled` if the signal aborts before the change, `failed-precondition` where a name is taken
   *   by something that is neither a file nor ours, `io-error`
   */
  write(files: readonly IdentityFile[], options: { readonly signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    return this.#inTurn(() => this.#write(files, options.signal).catch(inWords(`write to ${this.path}`)));
  }

  /** Takes every file away, all at one moment. Resolves with whether there were any. Throws `io-error`. */
  clear(): Promise<boolean> {
    return this.#inTurn(() => this.#clear().catch(inWords(`clear ${this.path}`)));
  }

  /** Lets the folder go; the files stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inTurn(() => this.#resources.disposeAsync());
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #write(files: readonly IdentityFile[], signal: AbortSignal | undefined): Promise<boolean> {
    signal?.throwIfAborted();
    let before = await this.#current();
    const names = await this.#findNames(files);
    const isLinked = [...names.values()].every((kind) => kind === 'link');
    if (before !== undefined && isLinked && (await holdsExactly(this.#at(before), files, this.#owner))) return false;
    const next = newGenerationName(this.#clock.nowMs());
    const made: string[] = [];
    try {
      await writeGeneration(this.#at(next), files, this.#owner);
      signal?.throwIfAborted();
      before ??= await this.#adopt(names);
      for (const [name, kind] of names) {
        if (kind !== 'missing') continue;
        // They lead nowhere until the change, with which all of them appear at one moment.
        await symlink(`${CURRENT}/${name}`, this.#at(name));
        made.push(name);
      }
      await this.#switchTo(next);
    } catch (error) {
      await Promise.all(made.map((name) => rm(this.#at(name), { force: true }).catch(() => undefined)));
      await removeGeneration(this.#at(next));
      throw error;
    }
    for (const [name, kind] of names) if (kind === 'file') await this.#putLink(name);
    await syncFolder(this.path);
    await this.#removeOthers(new Set([next, before]), new Set(names.keys()));
    return true;
  }

  /**
   * Makes a generation of files that lie here under names that are wanted, such as those of another program, so that
   * they too change together with the others. Their names are then links, and at no moment missing or something else.
   */
  async #adopt(names: Map<string, NameKind>): Promise<string | undefined> {
    const found = [...names].filter(([, kind]) => kind === 'file').map(([name]) => name);
    if (found.length === 0) return undefined;
    const generation = newGenerationName(this.#clock.nowMs());
    try {
      await adoptFiles(
        this.#at(generation),
        found.map((name) => this.#at(name)),
      );
    } catch {
      // A file of another user, or a file system without hard links: the links take their places one by one, later.
      await removeGeneration(this.#at(generation));
      return undefined;
    }
    await this.#switchTo(generation);
    for (const name of found) {
      await this.#putLink(name);
      names.set(name, 'link');
    }
    return generation;
  }

  /** The name of the generation that counts; undefined if there is none. */
  async #current(): Promise<string | undefined> {
    const path = this.#at(CURRENT);
    const found = await lstat(path).catch(ignoreMissing);
    if (found === undefined) return undefined;
    const target = found.isSymbolicLink() ? await readlink(path) : '';
    if (!isGenerationName(target)) throw taken(path);
    refuseForeignLink(path, found.uid);
    return target;
  }

  /** What lies at the names of the files. */
  async #findNames(files: readonly IdentityFile[]): Promise<Map<string, NameKind>> {
    const kinds = await Promise.all(files.map(async ({ name }) => [name, await this.#kindOf(name)] as const));
    return new Map(kinds);
  }

  async #kindOf(name: string): Promise<NameKind> {
    const path = this.#at(name);
    const found = await lstat(path).catch(ignoreMissing);
    if (found === undefined) return 'missing';
    if (found.isFile()) return 'file';
    if (!found.isSymbolicLink() || !(await this.#isOurLink(name))) throw taken(path);
    refuseForeignLink(path, found.uid);
    return 'link';
  }

  async #isOurLink(name: string): Promise<boolean> {
    return (await readlink(this.#at(name)).catch(() => '')) === `${CURRENT}/${name}`;
  }

  async #switchTo(generation: string): Promise<void> {
    await this.#replaceByLink(CURRENT, generation);
  }

  async #putLink(name: string): Promise<void> {
    await this.#replaceByLink(name, `${CURRENT}/${name}`);
  }

  /** Whatever has the name has it until the link has. */
  async #replaceByLink(name: string, target: string): Promise<void> {
    const temporary = this.#at(`..link.${randomBytes(8).toString('hex')}.tmp`);
    await symlink(target, temporary);
    try {
      await rename(temporary, this.#at(name));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** Removes all generations but some, and our links for all names but some. That it fails keeps nobody from anything. */
  async #removeOthers(generations: ReadonlySet<string | undefined>, names: ReadonlySet<string>): Promise<void> {
    const entries = await readdir(this.path, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const { name } = entry;
      if (entry.isDirectory() && isGenerationName(name)) {
        if (!generations.has(name)) await removeGeneration(this.#at(name));
      } else if (entry.isSymbolicLink() && !names.has(name)) {
        const isOurs = isTemporaryName(name) || (await this.#isOurLink(name));
        if (isOurs) await rm(this.#at(name), { force: true }).catch(() => undefined);
      }
    }
  }

  /** Keeps what counts, and the latest whole generation beside it, which somebody may be reading. */
  async #removeLitter(): Promise<void> {
    const current = await this.#current();
    const names = await readdir(this.path);
    const others = names.filter((name) => isGenerationName(name) && name !== current).sort();
    let previous: string | undefined;
    for (const name of others.reverse()) {
      if (previous === undefined && (await isFinished(this.#at(name)))) previous = name;
    }
    const inCurrent = current === undefined ? [] : await readdir(this.#at(current)).catch(() => []);
    const kept = current === undefined ? [] : [current, previous];
    await this.#removeOthers(new Set(kept), new Set([CURRENT, ...inCurrent]));
  }

  async #clear(): Promise<boolean> {
    const current = await this.#current();
    await rm(this.#at(CURRENT), { force: true });
    await this.#removeOthers(new Set(), new Set());
    await syncFolder(this.path);
    return current !== undefined;
  }

  #at(name: string): string {
    return join(this.path, name);
  }
}

/** What lies at a name: nothing, our link, or a file of somebody. */
type NameKind = 'missing' | 'link' | 'file';

/** Opens to everybody what is in it as far as its own mode goes. */
const FOLDER_MODE = 0o755;

async function openFolder(path: string): Promise<string> {
  await refuseForeignLinks(dirname(path));
  const isNew = await mkdir(path, { mode: FOLDER_MODE }).then(() => true, ignoreExisting);
  if (isNew) {
    // The umask is for files that nobody said a mode for.
    await chmod(path, FOLDER_MODE);
    await syncFolder(dirname(path));
  }
  await refuseForeignLinks(path);
  const real = await realpath(path);
  const found = await lstat(real);
  if (!found.isDirectory()) throw new SpirekitError('io-error', 'not a directory');
  const own = process.geteuid?.() ?? 0;
  if (found.uid === own || found.uid === 0) return real;
  throw new SpirekitError(
    'permission-denied',
    `it belongs to another user (uid ${found.uid}), who could change what is written: give it to uid ${own} by chown`,
  );
}

function isTemporaryName(name: string): boolean {
  return /^\.\.link\.[0-9a-f]{16}\.tmp$/.test(name);
}

function taken(path: string): SpirekitError {
  return new SpirekitError(
    'failed-precondition',
    `${path} is there and was not made by this program: move it away, or take another folder`,
  );
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}

function ignoreExisting(error: unknown): false {
  if (errnoOf(error) === 'EEXIST') return false;
  throw error;
}

/** Says what was being done when something failed. */
function inWords(words: string): (error: unknown) => never {
  return (error) => {
    const { code } = SpirekitError.from(error);
    throw new SpirekitError(code, `${words}: ${ioReason(error)}`, { cause: error });
  };
}
