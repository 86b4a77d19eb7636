import { isDeepStrictEqual } from 'node:util';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { KeyAuthority } from '../../../../spiffe/authority-bundle.ts';
import type {
  MintedX509Ca,
  MintX509CaRequest,
  PublishedJwtKey,
  UpstreamAuthority,
  UpstreamBundle,
} from '../upstream-authority.ts';
import { ServerConnection } from './server-connection.ts';
import type { UpstreamServerOptions } from './upstream-server.ts';
import { WorkloadIdentity, type WorkloadIdentityOptions } from './workload-identity.ts';

/** Where the upstream server is, and where this one gets its identity there. */
export interface SpireUpstreamAuthorityOptions extends UpstreamServerOptions, WorkloadIdentityOptions {}

/** The bundle is asked for so often, as by SPIRE; sooner when the Workload API has news. */
const POLL_EVERY_MS = 5_000;

/**
 * Signs through another server of the same trust domain, as whose downstream workload this one is registered: nested
 * servers. The SVID for that comes from the Workload API of an agent beside this server.
 */
export class SpireUpstreamAuthority implements UpstreamAuthority, AsyncDisposable {
  readonly name = 'spire';
  readonly #options: SpireUpstreamAuthorityOptions;
  readonly #identity: WorkloadIdentity;
  readonly #connection: ServerConnection;

  constructor(options: SpireUpstreamAuthorityOptions) {
    this.#options = options;
    this.#identity = new WorkloadIdentity(options);
    this.#connection = new ServerConnection(options, this.#identity);
  }

  async mintX509Ca(
    { csr, preferredTtlSeconds }: MintX509CaRequest,
    options: { readonly signal: AbortSignal },
  ): Promise<MintedX509Ca> {
    return await this.#connection.use(options, async (server) => {
      const chain = await server.newDownstreamX509Ca(csr, preferredTtlSeconds, options);
      // The answer holds the roots too, but does not say which of them are tainted.
      const { x509Authorities } = await server.getBundle(options);
      return { chain, roots: x509Authorities };
    });
  }

  async publishJwtKey(key: KeyAuthority, options: { readonly signal: AbortSignal }): Promise<PublishedJwtKey> {
    return { keys: await this.#connection.use(options, (server) => server.publishJwtKey(key, options)) };
  }

  async *watchBundle(options: { readonly signal: AbortSignal }): AsyncGenerator<UpstreamBundle> {
    const { log } = this.#options;
    const { signal } = options;
    let last: UpstreamBundle | undefined;
    for (;;) {
      signal.throwIfAborted();
      const identity = this.#identity.current;
      const bundle = await this.#fetchBundle(options).catch((error: unknown) => {
        signal.throwIfAborted();
        log.warn('Failed to fetch bundle while polling', { error });
        return undefined;
      });
      if (bundle !== undefined && !isDeepStrictEqual(bundle, last)) {
        last = bundle;
        yield bundle;
      }
      await this.#identity.untilChanged(identity, { timeoutMs: POLL_EVERY_MS, signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#identity[Symbol.asyncDispose]();
    await this.#connection[Symbol.asyncDispose]();
  }

  async #fetchBundle(options: { readonly signal: AbortSignal }): Promise<UpstreamBundle> {
    const { x509Authorities, jwtAuthorities } = await this.#connection.use(options, (server) =>
      server.getBundle(options),
    );
    if (x509Authorities.length === 0) throw new SpirekitError('internal', 'the upstream server has no X.509 roots');
    return { x509Authorities, jwtAuthorities };
  }
}
