import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../runtime/atomic-file.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { FolderLock } from '../runtime/folder-lock.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { makeFolder } from '../runtime/sync-folder.ts';

/** Tells that a folder belongs to a server of this package. */
const MARKER = 'spirekit-server.json';

/**
 * What real SPIRE servers, of any version, leave in their data folder, beside the database: whether that is one of ours
 * the datastore itself tells.
 */
const TRACES_OF_SPIRE: ReadonlySet<string> = new Set(['keys.json', 'journal.pem', 'certs.json', 'bundle.json']);

/** The folder that a running server keeps to itself. */
export class DataFolder implements Disposable {
  /** False until {@link claim}: then nothing here was made by a server of this package. */
  #isClaimed: boolean;
  #hasKeptKeys: boolean;
  readonly #path: string;
  readonly #lock: FolderLock;

  private constructor(path: string, lock: FolderLock, marker: Marker | undefined) {
    this.#path = path;
    this.#lock = lock;
    this.#isClaimed = marker !== undefined;
    this.#hasKeptKeys = marker?.hasKeptKeys === true;
  }

  /**
   * Makes the folder if need be, and keeps other servers out of it until disposed. A folder of a real SPIRE server is
   * left exactly as it is.
   *
   * Errors: `failed-precondition` for a folder that belongs to something else, is in use or cannot be written;
   * `data-loss` for a damaged one; `io-error`.
   */
  static async open(path: string): Promise<DataFolder> {
    try {
      await makeFolder(path, 0o755);
      const marker = await findMarker(path);
      if (marker === undefined) await assertNotOfSpire(path);
      await assertWritable(path);
      const lock = await FolderLock.acquire(path);
      if (lock === undefined) {
        throw new SpirekitError(
          'failed-precondition',
          `data folder ${JSON.stringify(path)} is in use by another server; stop that one first`,
        );
      }
      return new DataFolder(path, lock, marker);
    } catch (error) {
      throw SpirekitError.from(error);
    }
  }

  get isClaimed(): boolean {
    return this.#isClaimed;
  }

  /** Marks the folder as this package's own; to be called before the first secret is kept in it. Error: `io-error`. */
  async claim(): Promise<void> {
    if (this.#isClaimed) return;
    await writeFileAtomic(join(this.#path, MARKER), '{"version":1}\n', { mode: 0o640 });
    this.#isClaimed = true;
  }

  /** True once {@link rememberKeys} was called: the keys that signed are to be found again. */
  get hasKeptKeys(): boolean {
    return this.#hasKeptKeys;
  }

  /** Notes that the keys of this server outlive it; to be called when they have a place in the datastore. Error: `io-error`. */
  async rememberKeys(): Promise<void> {
    if (this.#hasKeptKeys) return;
    await writeFileAtomic(join(this.#path, MARKER), '{"version":1,"hasKeptKeys":true}\n', { mode: 0o640 });
    this.#isClaimed = true;
    this.#hasKeptKeys = true;
  }

  /** Lets go of the folder; one that was never claimed is as it was found. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }
}

async function assertWritable(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (cause) {
    const what = `data folder ${JSON.stringify(path)} cannot be written: ${ioReason(cause)}`;
    throw new SpirekitError('failed-precondition', what, { cause });
  }
}

interface Marker {
  readonly hasKeptKeys: boolean;
}

async function findMarker(path: string): Promise<Marker | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, MARKER), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (/^\s*\{\s*"version"\s*:\s*1\s*[,}]/.test(text)) {
    return { hasKeptKeys: /"hasKeptKeys"\s*:\s*true\b/.test(text) };
  }
  if (!/^\s*\{\s*"version"\s*:\s*\d+\s*[,}]/.test(text)) {
    throw new SpirekitError(
      'data-loss',
      `data folder ${JSON.stringify(path)} is damaged: its ${MARKER} is not as a server writes it; restore a backup`,
    );
  }
  throw new SpirekitError(
    'failed-precondition',
    `data folder ${JSON.stringify(path)} was written by a newer version: its ${MARKER} is not known here; start that version again, or restore a backup from before the upgrade`,
  );
}

async function assertNotOfSpire(path: string): Promise<void> {
  const found = (await readdir(path)).filter((name) => TRACES_OF_SPIRE.has(name));
  if (found.length === 0) return;
  throw new SpirekitError(
    'failed-precondition',
    `data folder ${JSON.stringify(path)} belongs to a SPIRE server (it holds ${found.join(', ')}) and was left as it is; ` +
      'give this server a folder of its own in data_dir, and bring the contents over with "spirekit server import"',
  );
}
