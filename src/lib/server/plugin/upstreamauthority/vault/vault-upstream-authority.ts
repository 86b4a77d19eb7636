import { SpirekitError } from '../../../../runtime/errors.ts';
import { PkiEngine } from '../../../vault/pki-engine.ts';
import { VaultClient, type VaultClientDeps } from '../../../vault/vault-client.ts';
import type { VaultSettings } from '../../../vault/vault-settings.ts';
import type { MintedX509Ca, MintX509CaRequest, PublishedJwtKey, UpstreamAuthority } from '../upstream-authority.ts';

/** A PKI secrets engine of Vault or OpenBao signs. It is asked, and logged in to, when the first CA is needed. */
export class VaultUpstreamAuthority implements UpstreamAuthority, AsyncDisposable {
  readonly name = 'vault';
  readonly #client: VaultClient;
  readonly #engine: PkiEngine;

  /** @param pkiPath where the engine is mounted, such as `pki` */
  constructor(settings: VaultSettings, pkiPath: string, deps: Pick<VaultClientDeps, 'clock' | 'log'>) {
    this.#client = VaultClient.later(settings, deps);
    this.#engine = new PkiEngine(this.#client, pkiPath);
  }

  async mintX509Ca(
    { csr, preferredTtlSeconds }: MintX509CaRequest,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<MintedX509Ca> {
    const { chain, root } = await this.#engine.signIntermediate(csr, preferredTtlSeconds, { signal });
    return { chain, roots: [{ certificate: root.der, tainted: false }] };
  }

  async publishJwtKey(): Promise<PublishedJwtKey> {
    throw new SpirekitError('unimplemented', 'publishing upstream is unsupported');
  }

  // biome-ignore lint/correctness/useYield: it tells nothing.
  async *watchBundle(): AsyncGenerator<never> {
    throw new SpirekitError('unimplemented', 'fetching upstream trust bundle is unsupported');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}
