import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { ioReason } from '../../../../runtime/io-reason.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { type LoadedUpstreamCa, loadUpstreamCa } from '../load-upstream-ca.ts';
import { signUpstreamCa } from '../sign-upstream-ca.ts';
import type { MintedX509Ca, MintX509CaRequest, PublishedJwtKey, UpstreamAuthority } from '../upstream-authority.ts';

/** Where the upstream CA lies, in PEM. */
export interface DiskUpstreamAuthorityOptions {
  readonly certFilePath: string;
  readonly keyFilePath: string;
  /** The roots; undefined for a CA that is its own root. */
  readonly bundleFilePath: string | undefined;
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Signs with a CA from files. They are read anew for each certificate, so that the CA can be replaced under a running
 * server; while they cannot be read, what was read before goes on.
 */
export class DiskUpstreamAuthority implements UpstreamAuthority {
  readonly name = 'disk';
  readonly #options: DiskUpstreamAuthorityOptions;
  #ca: LoadedUpstreamCa;

  private constructor(options: DiskUpstreamAuthorityOptions, ca: LoadedUpstreamCa) {
    this.#options = options;
    this.#ca = ca;
  }

  /** Error: `invalid-argument`, in SPIRE's words, for files that hold no CA and its key. */
  static async open(options: DiskUpstreamAuthorityOptions): Promise<DiskUpstreamAuthority> {
    return new DiskUpstreamAuthority(options, await readCa(options));
  }

  async mintX509Ca(request: MintX509CaRequest, { signal }: { readonly signal: AbortSignal }): Promise<MintedX509Ca> {
    signal.throwIfAborted();
    await this.#reload();
    const ca = this.#ca;
    try {
      const certificate = await signUpstreamCa(ca, request, this.#options);
      const roots = ca.roots.map(({ der }) => ({ certificate: der, tainted: false }));
      return { chain: [certificate, ...ca.chain], roots };
    } catch (cause) {
      throw new SpirekitError('internal', `unable to sign CSR: ${SpirekitError.from(cause).message}`, { cause });
    }
  }

  async publishJwtKey(): Promise<PublishedJwtKey> {
    throw new SpirekitError('unimplemented', 'publishing upstream is unsupported');
  }

  // biome-ignore lint/correctness/useYield: it tells nothing.
  async *watchBundle(): AsyncGenerator<never> {
    throw new SpirekitError('unimplemented', 'fetching upstream trust bundle is unsupported');
  }

  async #reload(): Promise<void> {
    try {
      this.#ca = await readCa(this.#options);
    } catch (error) {
      this.#options.log.warn('Unable to read the upstream CA again; the one read before signs', { error });
    }
  }
}

async function readCa(options: DiskUpstreamAuthorityOptions): Promise<LoadedUpstreamCa> {
  const { keyFilePath, certFilePath, bundleFilePath, clock } = options;
  const files = {
    key: await readPem('unable to load upstream CA key', keyFilePath),
    certificates: await readPem('unable to load upstream CA cert', certFilePath),
    bundle:
      bundleFilePath === undefined ? undefined : await readPem('unable to load upstream CA bundle', bundleFilePath),
  };
  return loadUpstreamCa(files, clock);
}

async function readPem(what: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `${what}: open ${path}: ${ioReason(cause)}`, { cause });
  }
}
