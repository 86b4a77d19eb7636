import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';

/** Names of users or groups by id. */
export type NamesById = ReadonlyMap<number, string>;

/** A file with more than this is not read: ids then have no names. */
const LARGEST_FILE_BYTES = 16 * 1024 * 1024;

/**
 * Reads the text of an `/etc/passwd` or `/etc/group`: the third field of a line is the id, the first the name; if an id
 * comes twice the first line counts, as for getpwuid(3). Comments, lines for network services (`+`, `-`) and lines
 * without an id are passed over.
 */
export function parseAccountNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':', 4);
    if (name === undefined || id === undefined || !/^[^#+-]/.test(name) || !/^\d{1,10}$/.test(id)) continue;
    const number = Number(id);
    if (number <= 0xffff_ffff && !names.has(number)) names.set(number, name);
  }
  return names;
}

/** The names in one account file. It is read again only when it has changed. */
export class AccountNames {
  readonly #path: string;
  #known: { readonly version: string; readonly names: NamesById } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** All names; empty if the file is missing or cannot be read. */
  async load(): Promise<NamesById> {
    try {
      await using file = await open(this.#path, 'r');
      const stats = await file.stat({ bigint: true });
      const version = versionOf(stats);
      if (this.#known?.version === version) return this.#known.names;
      if (stats.size > LARGEST_FILE_BYTES) return new Map();
      const names = parseAccountNames(await file.readFile('utf8'));
      this.#known = { version, names };
      return names;
    } catch {
      // Names only add selectors; the ids, which decide, do not come from here.
      return new Map();
    }
  }
}

function versionOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
