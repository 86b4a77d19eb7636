import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SpirekitError } from '../runtime/errors.ts';

/** The installed package: where it lies and which one it is. */
export interface PackageInfo {
  readonly root: string;
  readonly version: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

/**
 * Finds the package that this file belongs to, from the sources and from the bundle alike.
 *
 * @throws SpirekitError `internal` if there is no package.json above
 */
export function readPackageInfo(): PackageInfo {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const manifest = findManifest(folder);
    if (manifest !== undefined) return { root: folder, version: String(manifest['version']), manifest };
    if (folder === dirname(folder)) throw new SpirekitError('internal', 'the package.json of spirekit is missing');
  }
}

function findManifest(folder: string): Record<string, unknown> | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, 'package.json'), 'utf8');
  } catch {
    return undefined;
  }
  const manifest: unknown = JSON.parse(text);
  if (typeof manifest !== 'object' || manifest === null) return undefined;
  return 'name' in manifest && manifest.name === 'spirekit' ? { ...manifest } : undefined;
}
