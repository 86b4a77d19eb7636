import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SpirekitError } from '../../runtime/errors.ts';
import { errnoOf } from '../../runtime/io-reason.ts';
import type { Look, Place, SocketKind } from './place.ts';

/** Where the configuration files of daemons lie: below the folder one is in, as SPIRE's programs have it, and installed. */
const FOLDERS = ['conf', '/etc/spire', '/opt/spire/conf', '/run/spire/config'] as const;

/** What configuration files say, and why those that are there say nothing. */
export interface ConfiguredPlaces {
  readonly places: readonly Place[];
  readonly refused: readonly Look[];
}

/** How files are read. */
export interface ConfiguredOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Where the files may lie; default: below `cwd` as SPIRE's programs have it, and where packages put them. */
  readonly folders?: readonly string[];
}

/**
 * The sockets that the configuration files of this machine name. Only files that nobody but root and the user could have
 * written count. What reads them is loaded when there is one.
 */
export async function findConfiguredPlaces(kind: SocketKind, options: ConfiguredOptions): Promise<ConfiguredPlaces> {
  const places: Place[] = [];
  const refused: Look[] = [];
  const program = kind === 'server' ? 'server' : 'agent';
  const names = [`${program}/${program}.conf`, `${program}.conf`];
  for (const shown of (options.folders ?? FOLDERS).flatMap((folder) => names.map((name) => join(folder, name)))) {
    const file = resolve(options.cwd, shown);
    const refuse = (reason: string): void => {
      refused.push({ place: { path: file, source: 'a configuration file', isVouchedFor: true }, reason });
    };
    try {
      const found = await stat(file);
      const writer = await findForeignWriter(file, found);
      if (writer !== undefined) {
        refuse(writer);
        continue;
      }
      const { findConfiguredSocket } = await import('./configured-socket.ts');
      const path = await findConfiguredSocket(kind, file, options);
      if (path !== undefined) places.push({ path, source: file, isVouchedFor: true });
    } catch (error) {
      if (options.signal.aborted) throw SpirekitError.from(error);
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR') continue;
      refuse(SpirekitError.from(error).message);
    }
  }
  return { places, refused };
}

interface Owned {
  readonly uid: number;
  readonly mode: number;
}

/** Why somebody else could have written the file, or put it there; undefined if nobody could. */
async function findForeignWriter(file: string, found: Owned): Promise<string | undefined> {
  for (const { uid, mode } of [found, await stat(dirname(file))]) {
    if (uid !== 0 && uid !== process.geteuid?.()) return `belongs to another user (uid ${uid})`;
    if ((mode & 0o022) !== 0) return 'may be written by others';
  }
  return undefined;
}
