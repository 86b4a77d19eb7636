import { readlink, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SpirekitError } from '../runtime/errors.ts';
import { errnoOf, ioReason } from '../runtime/io-reason.ts';
import { AdvisedError } from './failure.ts';
import { readPackageInfo } from './package-info.ts';

/** A link to one of the drop-in programs. */
export interface DropInLink {
  readonly path: string;
  readonly target: string;
  /** False if it was there before. */
  readonly isNew: boolean;
}

/**
 * Links the drop-ins into a folder. Links of ours are left as they are, anything else of that name is not touched.
 *
 * @throws SpirekitError `already-exists`, `io-error`
 */
export async function linkDropIns(folder: string): Promise<DropInLink[]> {
  const links: DropInLink[] = [];
  for (const program of ['spire-agent', 'spire-server']) {
    const path = join(resolve(folder), program);
    const target = join(readPackageInfo().root, 'bin', program);
    links.push({ path, target, isNew: await link(path, target) });
  }
  return links;
}

async function link(path: string, target: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'ENOENT') {
      const message = `${dirname(path)} does not exist`;
      throw new AdvisedError('io-error', message, `Make it first: \`mkdir -p ${dirname(path)}\`.`, { cause });
    }
    if (code !== 'EEXIST') throw new SpirekitError('io-error', `symlink ${path}: ${ioReason(cause)}`, { cause });
    if ((await readlink(path).catch(() => undefined)) === target) return false;
    throw new SpirekitError('already-exists', `${path} exists and is not a link to this spirekit`, { cause });
  }
}
