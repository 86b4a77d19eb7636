import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './programs.ts';

/** A parser under test: throws only where an invariant does not hold, never because the bytes are bad. */
export type FuzzTarget = (bytes: Uint8Array) => void;

const folder = join(projectRoot, 'test/fuzz');

/** Every `test/fuzz/NAME.fuzz.ts`. */
export function targetNames(): string[] {
  return globSync('*.fuzz.ts', { cwd: folder })
    .map((file) => basename(file, '.fuzz.ts'))
    .sort();
}

/** The target of `test/fuzz/NAME.fuzz.ts`. */
export async function loadTarget(name: string): Promise<FuzzTarget> {
  const module: { target: FuzzTarget } = await import(pathToFileURL(join(folder, `${name}.fuzz.ts`)).href);
  return module.target;
}

/** Where the inputs of a target are kept. */
export function corpusFolder(name: string): string {
  return join(folder, 'corpus', name);
}

/** The inputs that are kept for a target, by file name. */
export function readCorpus(name: string): Uint8Array[] {
  const kept = corpusFolder(name);
  const files = existsSync(kept) ? globSync('*', { cwd: kept }).sort() : [];
  return files.map((entry) => new Uint8Array(readFileSync(join(kept, entry))));
}
