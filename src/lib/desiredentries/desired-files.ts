import { lstat, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SpirekitError } from '../runtime/errors.ts';
import { ioReason } from '../runtime/io-reason.ts';
import type { DesiredState } from './desired-entry.ts';
import { type FileFormat, parseDesiredFile } from './desired-file.ts';

/** Files of a folder that count, by the end of their name. */
const FORMATS: Readonly<Record<string, FileFormat>> = {
  '.json': 'json',
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.yaml': 'yaml',
  '.yml': 'yaml',
};

/** More files than this in one folder and below it are no folder of entries. */
const MOST_FILES = 10_000;

/** Bytes of all files together. */
const MOST_BYTES = 64 * 1024 * 1024;

/** How a file is read; `-` is stdin. @throws SpirekitError `io-error`, `resource-exhausted` */
export type ReadFile = (path: string, maxBytes: number) => Promise<Uint8Array>;

/**
 * Reads all files that were named, and those below folders that were: names that end in json, jsonl, ndjson, yaml or yml, in
 * their order by name. Names that begin with a dot and links are passed over within folders.
 *
 * @throws SpirekitError `io-error`, `resource-exhausted`, `not-found` for a folder without any, and what the files are
 *   refused with
 */
export async function loadDesiredState(paths: readonly string[], readFile: ReadFile): Promise<DesiredState> {
  const entries: DesiredState['entries'][number][] = [];
  const unwanted: DesiredState['unwanted'][number][] = [];
  const classNames = new Set<string>();
  let bytesLeft = MOST_BYTES;
  for (const { path, format } of await findFiles(paths)) {
    const bytes = await readFile(path, bytesLeft);
    bytesLeft -= bytes.length;
    const state = await parseDesiredFile(bytes, path === '-' ? 'stdin' : path, format);
    for (const entry of state.entries) entries.push(entry);
    unwanted.push(...state.unwanted);
    for (const name of state.classNames) classNames.add(name);
  }
  return { entries, unwanted, classNames: [...classNames].sort() };
}

interface FoundFile {
  readonly path: string;
  readonly format: FileFormat;
}

async function findFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    if (path === '-' || !(await isFolder(path))) {
      found.push({ path, format: FORMATS[extname(path).toLowerCase()] ?? 'any' });
      continue;
    }
    const before = found.length;
    await findBelow(path, found);
    if (found.length === before) {
      throw new SpirekitError('not-found', `${path}: no file in it ends in ${Object.keys(FORMATS).join(', ')}`);
    }
  }
  return found;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new SpirekitError('io-error', `open ${path}: ${ioReason(cause)}`, { cause });
  }
}

async function findBelow(folder: string, found: FoundFile[]): Promise<void> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch (cause) {
    throw new SpirekitError('io-error', `open ${folder}: ${ioReason(cause)}`, { cause });
  }
  for (const name of names) {
    const path = join(folder, name);
    const entry = await lstat(path);
    const format = FORMATS[extname(name).toLowerCase()];
    if (entry.isDirectory()) await findBelow(path, found);
    else if (entry.isFile() && format !== undefined) found.push({ path, format });
    if (found.length > MOST_FILES) {
      throw new SpirekitError('resource-exhausted', `${folder}: more than ${MOST_FILES} files`);
    }
  }
}
