import { readSmallFile } from '../../config/file-access.ts';
import { findKeyPairFault } from '../../config/server/key-pair.ts';
import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { ServingIdentity, TlsIdentity } from './serving-identity.ts';

/** Certificate and key from files: profile `https_web`. */
export interface ServingFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  /** How often the files are looked at. */
  readonly fileSyncIntervalSeconds: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const LARGEST_FILE = 1024 * 1024;

/** After files that do not fit together, which is how they are while somebody replaces them. */
const RETRY_AFTER_MS = 5_000;

/** Shows what is in the files, and what is in them later; files that cannot be used change nothing. */
export class ServingFiles implements ServingIdentity, AsyncDisposable {
  readonly #options: ServingFilesOptions;
  #current: TlsIdentity;
  #cancel: CancelTimer = () => {};
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: ServingFilesOptions, current: TlsIdentity) {
    this.#options = options;
    this.#current = current;
  }

  /** Error: `invalid-config` for files that are no certificate and its key. */
  static async open(options: ServingFilesOptions): Promise<ServingFiles> {
    const files = new ServingFiles(options, await load(options));
    options.log.info('Started watching certificate files', { interval: `${options.fileSyncIntervalSeconds}s` });
    files.#arm(options.fileSyncIntervalSeconds * 1000);
    return files;
  }

  get current(): TlsIdentity {
    return this.#current;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#work;
  }

  #arm(afterMs: number): void {
    if (this.#isClosed) return;
    const look = (): void => {
      this.#work = this.#look().then((nextMs) => this.#arm(nextMs));
    };
    this.#cancel = this.#options.clock.schedule(afterMs, look, { unref: true });
  }

  /** Returns when to look again. */
  async #look(): Promise<number> {
    const { log, fileSyncIntervalSeconds } = this.#options;
    const intervalMs = fileSyncIntervalSeconds * 1000;
    try {
      const found = await load(this.#options);
      if (!isSame(found, this.#current)) {
        this.#current = found;
        log.info('Loaded provided certificate with success');
      }
      return intervalMs;
    } catch (error) {
      log.error('Failed to load certificate; the last one is still shown', { error });
      return Math.min(intervalMs, RETRY_AFTER_MS);
    }
  }
}

async function load({ certFile, keyFile }: ServingFilesOptions): Promise<TlsIdentity> {
  try {
    const identity = { cert: await read(certFile), key: await read(keyFile) };
    const fault = findKeyPairFault(identity.cert, identity.key);
    if (fault !== undefined) throw new SpirekitError('invalid-config', `${certFile} and ${keyFile}: ${fault}`);
    return identity;
  } catch (cause) {
    throw prefixed('failed to load certificate', cause);
  }
}

async function read(path: string): Promise<Buffer> {
  return Buffer.from(await readSmallFile(path, path, { limit: LARGEST_FILE }));
}

function isSame(a: TlsIdentity, b: TlsIdentity): boolean {
  return Buffer.from(a.cert).equals(Buffer.from(b.cert)) && Buffer.from(a.key).equals(Buffer.from(b.key));
}
