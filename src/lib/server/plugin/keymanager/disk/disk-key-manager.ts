import { chmod, open } from 'node:fs/promises';
import { writeFileAtomic } from '../../../../runtime/atomic-file.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { LocalKeyManager } from '../local-key-manager.ts';
import { formatKeysFile, parseKeysFile } from './keys-file.ts';

const PRIVATE_MODE = 0o600;

/** Four keys take some 13 kB; anything near this is no file of ours. */
const LARGEST_FILE_BYTES = 1024 * 1024;

/** Keeps its keys in one private JSON file, in the format of SPIRE's disk key manager. */
export class DiskKeyManager extends LocalKeyManager {
  /**
   * A missing file means no keys yet. A file that others may read is narrowed to its owner first.
   *
   * Errors: `data-loss` for a damaged file (it is left as it is), `io-error` for one that cannot be read.
   */
  static async open(options: { readonly keysPath: string }): Promise<DiskKeyManager> {
    const { keysPath } = options;
    const text = await readPrivateFile(keysPath);
    return new DiskKeyManager('disk', text === undefined ? new Map() : parseKeysOf(keysPath, text), (keys) =>
      writeFileAtomic(keysPath, formatKeysFile(keys), { mode: PRIVATE_MODE }),
    );
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

async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    const { mode, size } = await file.stat();
    if (size > LARGEST_FILE_BYTES) throw new SpirekitError('data-loss', `keys file ${JSON.stringify(path)} is too big`);
    if ((mode & 0o077) !== 0) await chmod(path, PRIVATE_MODE);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw SpirekitError.from(error);
  }
}
