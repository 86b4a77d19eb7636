import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { formatKeysFile, parseKeysFile } from '../../../../keymanager/keys-file.ts';
import { writeFileAtomic } from '../../../../runtime/atomic-file.ts';
import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import { PRIVATE_FILE_MODE, readPrivateFile } from '../../../../runtime/private-file.ts';
import { makeFolder } from '../../../../runtime/sync-folder.ts';
import { setAside } from '../../../storage/set-aside.ts';
import { LocalKeyManager } from '../local-key-manager.ts';

/** What {@link DiskKeyManager.open} needs. */
export interface DiskKeyManagerOptions {
  /** Made with mode 0700 if it is missing. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps its keys in `keys.json` below a directory, in the format of SPIRE's disk key manager, for its owner only. */
export class DiskKeyManager extends LocalKeyManager {
  /**
   * A missing file means no keys yet. A damaged one is moved aside with a warning: without its key the agent has to
   * attest again, nothing more is lost.
   *
   * Errors: `failed-precondition` for an unusable directory, `io-error` for a file that cannot be read or moved.
   */
  static async open(options: DiskKeyManagerOptions): Promise<DiskKeyManager> {
    const { directory } = options;
    try {
      await makeFolder(directory, 0o700);
    } catch (cause) {
      const reason = SpirekitError.from(cause).message;
      throw new SpirekitError('failed-precondition', `directory validation failed: ${reason}`, { cause });
    }
    const path = join(directory, 'keys.json');
    return new DiskKeyManager('disk', await loadKeys(path, options), (keys) =>
      writeFileAtomic(path, formatKeysFile(keys), { mode: PRIVATE_FILE_MODE }),
    );
  }
}

async function loadKeys(path: string, options: DiskKeyManagerOptions): Promise<Map<string, KeyObject>> {
  try {
    const text = await readPrivateFile(path);
    return text === undefined ? new Map() : parseKeysFile(text);
  } catch (error) {
    if (!(error instanceof SpirekitError && error.code === 'data-loss')) throw error;
    const movedTo = await setAside(path, options.clock);
    options.log.warn('Keys file is damaged and was set aside; the agent needs to attest again', {
      path,
      moved_to: movedTo,
      error,
    });
    return new Map();
  }
}
