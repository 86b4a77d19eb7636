import { basename, dirname } from 'node:path';
import type { Random } from '../../../test/support/mutate.ts';
import type { SystemCallMoment } from './system-calls.ts';

/** A change of a file's content that no fsync has covered yet. */
type FileChange = { readonly offset: number; readonly data: Buffer } | { readonly size: number };

/** A change of a folder's names that no fsync of the folder has covered yet; `file` is undefined for a name that went. */
type NameChange = readonly { readonly name: string; readonly file: FileModel | undefined }[];

class FileModel {
  content: Buffer = Buffer.alloc(0);
  unsynced: FileChange[] = [];
}

/** How much of what was not synced is on disk after the power went. */
export type Survivors = 'nothing' | Random;

/**
 * What a folder holds after a power loss, by the rules of POSIX and no more: the content of a file is what its last fsync
 * covered, its name what the last fsync of the folder covered. Whatever came later may be there or not, write by write.
 */
export class DiskModel {
  readonly #folder: string;
  readonly #isSynced: (name: string) => boolean;
  #isFolderDurable = false;
  #names = new Map<string, FileModel>();
  #durableNames = new Map<string, FileModel>();
  #unsyncedNames: NameChange[] = [];
  /** What a sync that is under way covers, by the id of the call. */
  readonly #syncing = new Map<number, () => void>();
  /** How many calls made something durable. */
  syncs = 0;

  /** @param options `isSynced` can make the disk lie about syncs of a file */
  constructor(folder: string, options: { readonly isSynced?: (name: string) => boolean } = {}) {
    this.#folder = folder;
    this.#isSynced = options.isSynced ?? (() => true);
  }

  /** Takes in one moment. Throws for a call on the folder that it does not understand. */
  take(moment: SystemCallMoment): void {
    const { name, stage, target, text } = moment;
    if (name === 'fsync' || name === 'fdatasync') this.#sync(moment);
    else if (stage !== 'succeeded') return;
    else if (name === 'openat' || name === 'open') this.#open(moment);
    else if (name === 'write' || name === 'writev' || name === 'pwrite64') this.#write(moment);
    else if (name === 'ftruncate') this.#find(target)?.unsynced.push({ size: Number(/^[^,]*, (\d+)/.exec(text)?.[1]) });
    else if (name.startsWith('rename')) this.#rename(moment);
    else if (name.startsWith('unlink')) this.#unlink(moment);
    else if (this.#concerns(moment)) throw new Error(`${name} on ${this.#folder} is not understood`);
  }

  /** The folder's files after a power loss at this moment. Undefined if the folder itself is lost. */
  afterPowerLoss(survivors: Survivors): Map<string, Buffer> | undefined {
    if (!this.#isFolderDurable) return undefined;
    const names = new Map(this.#durableNames);
    const kept = survivors === 'nothing' ? 0 : survivors(this.#unsyncedNames.length + 1);
    for (const change of this.#unsyncedNames.slice(0, kept)) rename(names, change);
    return new Map(
      [...names].map(([name, { content, unsynced }]) => {
        const surviving = survivors === 'nothing' ? [] : unsynced.filter(() => survivors(2) === 0);
        return [name, applied(content, surviving)] as const;
      }),
    );
  }

  /** What becomes durable when it returns is what had been done when it was called. */
  #sync({ stage, id, target }: SystemCallMoment): void {
    if (stage === 'succeeded') {
      const finish = this.#syncing.get(id);
      if (finish === undefined) return;
      this.#syncing.delete(id);
      this.syncs += 1;
      finish();
      return;
    }
    const file = this.#find(target);
    if (target === dirname(this.#folder)) {
      this.#syncing.set(id, () => {
        this.#isFolderDurable = true;
      });
    } else if (target === this.#folder) {
      const count = this.#unsyncedNames.length;
      this.#syncing.set(id, () => {
        for (const change of this.#unsyncedNames.splice(0, count)) rename(this.#durableNames, change);
      });
    } else if (file !== undefined && this.#isSynced(basename(target))) {
      const count = file.unsynced.length;
      this.#syncing.set(id, () => {
        file.content = applied(file.content, file.unsynced.splice(0, count));
      });
    }
  }

  #open({ strings, text }: SystemCallMoment): void {
    const path = strings.at(-1)?.toString() ?? '';
    if (dirname(path) !== this.#folder) return;
    const file = this.#find(path);
    if (file === undefined && text.includes('O_CREAT')) this.#change([{ name: basename(path), file: new FileModel() }]);
    if (file !== undefined && text.includes('O_TRUNC')) file.unsynced.push({ size: 0 });
  }

  #write({ name, target, strings, text, result }: SystemCallMoment): void {
    const file = this.#find(target);
    if (file === undefined) return;
    const data = Buffer.concat(strings).subarray(0, result);
    const given = name === 'pwrite64' ? /, (\d+)\)? *(?:=|<unfinished)/.exec(text)?.[1] : undefined;
    file.unsynced.push({ offset: given === undefined ? sizeOf(file) : Number(given), data });
  }

  #rename({ strings }: SystemCallMoment): void {
    const [from = '', to = ''] = strings.map(String);
    if (dirname(from) !== this.#folder && dirname(to) !== this.#folder) return;
    this.#change([
      { name: basename(from), file: undefined },
      { name: basename(to), file: this.#find(from) },
    ]);
  }

  #unlink({ strings }: SystemCallMoment): void {
    const path = strings.at(-1)?.toString() ?? '';
    if (dirname(path) === this.#folder) this.#change([{ name: basename(path), file: undefined }]);
  }

  #change(change: NameChange): void {
    rename(this.#names, change);
    this.#unsyncedNames.push(change);
  }

  #find(path: string): FileModel | undefined {
    return dirname(path) === this.#folder ? this.#names.get(basename(path)) : undefined;
  }

  #concerns({ name, target, strings }: SystemCallMoment): boolean {
    const isMaking = name === 'mkdir' || name === 'mkdirat';
    return [target, ...(isMaking ? [] : strings.map(String))].some((path) => dirname(path) === this.#folder);
  }
}

function rename(names: Map<string, FileModel>, change: NameChange): void {
  for (const { name, file } of change) {
    if (file === undefined) names.delete(name);
    else names.set(name, file);
  }
}

/** Of writes without an offset: they go to the end of files that are written once. */
function sizeOf({ content, unsynced }: FileModel): number {
  return unsynced.reduce(
    (size, change) => ('size' in change ? change.size : Math.max(size, change.offset + change.data.length)),
    content.length,
  );
}

function applied(content: Buffer, changes: readonly FileChange[]): Buffer {
  let result = content;
  for (const change of changes) {
    const size = 'size' in change ? change.size : Math.max(result.length, change.offset + change.data.length);
    if (size !== result.length || result === content) {
      const next = Buffer.alloc(size);
      result.copy(next);
      result = next;
    }
    if (!('size' in change)) change.data.copy(result, change.offset);
  }
  return result;
}
