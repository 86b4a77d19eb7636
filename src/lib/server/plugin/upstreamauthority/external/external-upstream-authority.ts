import type { ExternalPlugin } from '../../../../catalog/external/external-plugin.ts';
import type { ExternalPluginType } from '../../../../catalog/external/external-type.ts';
import { Certificate } from '../../../../crypto/certificate.ts';
import { RpcCode } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { KeyAuthority, X509Authority } from '../../../../spiffe/authority-bundle.ts';
import {
  keyAuthoritiesFromWire,
  keyAuthorityToWire,
  x509AuthoritiesFromWire,
} from '../../../../wire/convert/bundle.ts';
import {
  type MintX509CAResponse,
  UpstreamAuthorityDefinition,
} from '../../../../wire/gen/spire/plugin/server/upstreamauthority/v1/upstreamauthority.ts';
import type { JWTKey } from '../../../../wire/gen/spire/plugin/types/jwtkey.ts';
import type { X509Certificate } from '../../../../wire/gen/spire/plugin/types/x509certificate.ts';
import type {
  MintedX509Ca,
  MintX509CaRequest,
  PublishedJwtKey,
  UpstreamAuthority,
  UpstreamBundle,
} from '../upstream-authority.ts';

/** A trust domain has a handful of roots and keys. */
const MAX_AUTHORITIES = 1_000;
const MAX_CHAIN_LENGTH = 20;

type CallOptions = { readonly signal: AbortSignal };

/** An upstream authority that is a program of its own. Certificates and keys that it sends are checked for their form. */
export const externalUpstreamAuthority: ExternalPluginType<UpstreamAuthority> = {
  service: UpstreamAuthorityDefinition,
  adapt: (plugin) => new ExternalUpstreamAuthority(plugin),
};

class ExternalUpstreamAuthority implements UpstreamAuthority {
  readonly name: string;
  readonly #plugin: ExternalPlugin;

  constructor(plugin: ExternalPlugin) {
    this.name = plugin.name;
    this.#plugin = plugin;
  }

  async mintX509Ca({ csr, preferredTtlSeconds }: MintX509CaRequest, options: CallOptions): Promise<MintedX509Ca> {
    const request = { csr, preferredTtl: preferredTtlSeconds };
    const responses = this.#plugin.serverStream(
      UpstreamAuthorityDefinition,
      'mintX509CAAndSubscribe',
      request,
      options,
    );
    const first = await this.#first(responses);
    return await this.#keepIfGood(responses, () => ({
      chain: this.#chain(first.x509CaChain),
      roots: this.#roots(first.upstreamX509Roots),
      updates: mapEach(responses, (response) => this.#laterRoots(response)),
    }));
  }

  async publishJwtKey(key: KeyAuthority, options: CallOptions): Promise<PublishedJwtKey> {
    const request = { jwtKey: keyAuthorityToWire(key) };
    const responses = this.#plugin.serverStream(
      UpstreamAuthorityDefinition,
      'publishJWTKeyAndSubscribe',
      request,
      options,
    );
    const first = await this.#first(responses);
    return await this.#keepIfGood(responses, () => ({
      keys: this.#keys(first.upstreamJwtKeys),
      updates: mapEach(responses, ({ upstreamJwtKeys }) => this.#keys(upstreamJwtKeys)),
    }));
  }

  async *watchBundle(options: CallOptions): AsyncGenerator<UpstreamBundle> {
    const responses = this.#plugin.serverStream(UpstreamAuthorityDefinition, 'subscribeToLocalBundle', {}, options);
    for await (const { upstreamX509Roots, upstreamJwtKeys } of responses) {
      yield { x509Authorities: this.#roots(upstreamX509Roots), jwtAuthorities: this.#keys(upstreamJwtKeys) };
    }
  }

  async #first<T>(responses: AsyncGenerator<T, void, undefined>): Promise<T> {
    const first = await responses.next();
    if (first.done === true) throw this.#error('plugin closed stream unexpectedly');
    return first.value;
  }

  /** Gives the call up whose first response is of no use. */
  async #keepIfGood<T>(responses: AsyncGenerator<unknown, void, undefined>, read: () => T): Promise<T> {
    try {
      return read();
    } catch (error) {
      await responses.return();
      throw error;
    }
  }

  #chain(wire: readonly X509Certificate[]): readonly [Certificate, ...Certificate[]] {
    this.#checkCount(wire, MAX_CHAIN_LENGTH);
    const [ca, ...others] = this.#read('plugin response has malformed X.509 CA chain', () =>
      wire.map(({ asn1 }) => Certificate.parse(new Uint8Array(asn1))),
    );
    if (ca === undefined) throw this.#error('plugin response missing X.509 CA chain');
    return [ca, ...others];
  }

  #laterRoots({ x509CaChain, upstreamX509Roots }: MintX509CAResponse): readonly X509Authority[] {
    if (x509CaChain.length > 0) {
      throw this.#error('plugin response has an X.509 CA chain after the first response');
    }
    return this.#roots(upstreamX509Roots);
  }

  #roots(wire: readonly X509Certificate[]): readonly X509Authority[] {
    this.#checkCount(wire, MAX_AUTHORITIES);
    const roots = this.#read('plugin response has malformed upstream X.509 roots', () => x509AuthoritiesFromWire(wire));
    if (roots.length === 0) throw this.#error('plugin response missing upstream X.509 roots');
    return roots;
  }

  #keys(wire: readonly JWTKey[]): readonly KeyAuthority[] {
    this.#checkCount(wire, MAX_AUTHORITIES);
    return this.#read('invalid plugin response', () => keyAuthoritiesFromWire(wire));
  }

  #checkCount(items: readonly unknown[], most: number): void {
    if (items.length > most)
      throw this.#error(`plugin response is wrong: ${items.length} items where ${most} are taken`);
  }

  #read<T>(what: string, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw this.#error(`${what}: ${SpirekitError.from(cause).message}`, cause);
    }
  }

  #error(sentence: string, cause?: unknown): SpirekitError {
    return this.#plugin.error(RpcCode.internal, sentence, cause);
  }
}

async function* mapEach<In, Out>(items: AsyncIterable<In>, map: (item: In) => Out): AsyncGenerator<Out> {
  for await (const item of items) yield map(item);
}
