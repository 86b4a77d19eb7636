import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { projectRoot } from './programs.ts';

/** The Node of this process, first on the PATH. */
export const OWN_NODE_PATH = [join(process.execPath, '..'), process.env['PATH']].join(delimiter);

/** Lays the package out below a folder as an install does, without a Node and without the packages it needs. */
export function copyPackage(folder: string): string {
  const root = join(folder, 'package');
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(projectRoot, part), join(root, part), { recursive: true });
  }
  return root;
}

/** A copy of the package that goes away with its test. */
export class PackageCopy implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'spirekit-package-'));
  readonly root = copyPackage(this.folder);

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
