import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { type LoadedUpstreamCa, loadUpstreamCa } from '../load-upstream-ca.ts';
import { signUpstreamCa } from '../sign-upstream-ca.ts';
import type { MintedX509Ca, MintX509CaRequest, PublishedJwtKey, UpstreamAuthority } from '../upstream-authority.ts';

/** Where the upstream CA is found: names or ARNs of secrets, whose values are PEM. */
export interface SecretNames {
  readonly certificates: string;
  readonly key: string;
  /** Undefined for a CA that is its own root. */
  readonly bundle: string | undefined;
}

/** What the authority is made from. */
export interface SecretUpstreamAuthorityOptions {
  readonly names: SecretNames;
  /** The value of a secret. */
  readonly read: (name: string) => Promise<string>;
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
}

/** Signs with a CA whose certificate and key lie in AWS Secrets Manager. They are read once, at the start, as by SPIRE. */
export class SecretUpstreamAuthority implements UpstreamAuthority {
  readonly name = 'awssecret';
  readonly #options: SecretUpstreamAuthorityOptions;
  readonly #ca: LoadedUpstreamCa;

  private constructor(options: SecretUpstreamAuthorityOptions, ca: LoadedUpstreamCa) {
    this.#options = options;
    this.#ca = ca;
  }

  /** Errors: those of reading; `invalid-argument` for secrets that hold no CA and its key. */
  static async open(options: SecretUpstreamAuthorityOptions): Promise<SecretUpstreamAuthority> {
    const { names, read, clock } = options;
    const pem = async (name: string): Promise<Buffer> => Buffer.from(await read(name));
    const files = {
      key: await pem(names.key),
      certificates: await pem(names.certificates),
      bundle: names.bundle === undefined ? undefined : await pem(names.bundle),
    };
    return new SecretUpstreamAuthority(options, loadUpstreamCa(files, clock, { bundleSetting: 'bundle_file_arn' }));
  }

  async mintX509Ca(request: MintX509CaRequest, { signal }: { readonly signal: AbortSignal }): Promise<MintedX509Ca> {
    signal.throwIfAborted();
    try {
      const certificate = await signUpstreamCa(this.#ca, request, this.#options);
      const roots = this.#ca.roots.map(({ der }) => ({ certificate: der, tainted: false }));
      return { chain: [certificate, ...this.#ca.chain], roots };
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
}
