import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath, run } from './programs.ts';

/** Why no file system can be mounted here; undefined where it can. */
export async function whyNoMounts(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'mounting a tmpfs needs Linux';
  if (process.getuid?.() !== 0) return 'mounting a tmpfs needs root';
  if (findOnPath('mount') === undefined) return 'mount is not on the PATH';
  try {
    await using _tried = await SmallDisk.mount(64);
    return undefined;
  } catch {
    return 'no file system can be mounted here';
  }
}

/** A file system of its own that can be filled, emptied and made read-only. Needs root; see {@link whyNoMounts}. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts one of so many KiB, on a folder of its own unless told which; the folder goes with it. */
  static async mount(sizeKib: number, path = mkdtempSync(join(tmpdir(), 'disk-'))): Promise<SmallDisk> {
    mkdirSync(path, { recursive: true });
    const options = `size=${sizeKib}k,mode=0755`;
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
    if (mounted.code !== 0) {
      rmSync(path, { recursive: true });
      throw new Error(`mount: ${mounted.stderr}`);
    }
    return new SmallDisk(path);
  }

  /** Leaves no room for a single block more. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.path);
    if (bavail > 0) writeFileSync(this.#ballast, Buffer.alloc(bavail * bsize, 1));
  }

  /** Gives the room back. */
  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** Nothing can be written any more. Fails while a file is open for writing. */
  async makeReadOnly(): Promise<void> {
    const made = await run('mount', ['-o', 'remount,ro', this.path]);
    if (made.code !== 0) throw new Error(`mount: ${made.stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: a process that is just ending may have something open for a moment longer.
    await run('umount', ['--lazy', this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}
