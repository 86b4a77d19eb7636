import { formatKeysFile, parseKeysFile } from '../../../../keymanager/keys-file.ts';
import { writeFileAtomic } from '../../../../runtime/atomic-file.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { PRIVATE_FILE_MODE, readPrivateFile } from '../../../../runtime/private-file.ts';
import { LocalKeyManager } from '../local-key-manager.ts';

/** Keeps its keys in one private JSON file, in the format of SPIRE's disk key manager. */
export class DiskKeyManager extends LocalKeyManager {
  readonly keptIn: string;

  private constructor(keysPath: string, keys: ReturnType<typeof parseKeysFile>) {
    super('disk', keys, (all) => writeFileAtomic(keysPath, formatKeysFile(all), { mode: PRIVATE_FILE_MODE }));
    this.keptIn = `keys file ${JSON.stringify(keysPath)}`;
  }

  /**
   * A missing file means no keys yet. A file that others may read is narrowed to its owner first.
   *
   * Errors: `data-loss` for a damaged file (it is left as it is), `io-error` for one that cannot be read.
   */
  static async open(options: { readonly keysPath: string }): Promise<DiskKeyManager> {
    const { keysPath } = options;
    const text = await readPrivateFile(keysPath);
    return new DiskKeyManager(keysPath, text === undefined ? new Map() : parseKeysOf(keysPath, text));
  }
}

function parseKeysOf(path: string, text: string): ReturnType<typeof parseKeysFile> {
  try {
    return parseKeysFile(text);
  } catch (cause) {
    const reason = SpirekitError.from(cause).message;
    throw new SpirekitError(
      'data-loss',
      `keys file ${JSON.stringify(path)} is damaged: ${reason}; restore it, since starting without it would replace the signing keys of the trust domain`,
      { cause },
    );
  }
}
