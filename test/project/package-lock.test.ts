import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../support/programs.ts';

interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** The locked package that a package gets for a name, looked up as Node does: nearest `node_modules` first. */
function findLocked({ packages }: LockFile, from: string, name: string): LockedPackage | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const found = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (found !== undefined || folder === '') return found;
  }
}

function missingFrom(lock: LockFile): string[] {
  return Object.entries(lock.packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => findLocked(lock, path, name) === undefined)
      .map((name) => `${path}: ${name}`),
  );
}

describe('package-lock.json', () => {
  // npm leaves out what the registry did not serve when the file was written, and `npm ci` then refuses the file.
  it('has what every package asks for, for other platforms too', () => {
    const lock: LockFile = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'));
    expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
    expect(missingFrom(lock)).toEqual([]);
  });

  it('is found wanting when a package is left out', () => {
    const lock = {
      packages: { '': { dependencies: { a: '1' } }, 'node_modules/a': { optionalDependencies: { b: '1' } } },
    };
    expect(missingFrom(lock)).toEqual(['node_modules/a: b']);
  });
});
