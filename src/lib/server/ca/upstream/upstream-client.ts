import type { Certificate } from '../../../crypto/certificate.ts';
import type { Signer } from '../../../crypto/signer.ts';
import { type Clock, sleep } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { KeyAuthority } from '../../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type {
  MintX509CaRequest,
  UpstreamAuthority,
  UpstreamBundle,
} from '../../plugin/upstreamauthority/upstream-authority.ts';
import { checkMintedCa } from './check-minted-ca.ts';
import { LastingCall } from './lasting-call.ts';
import type { UpstreamBundleSync } from './upstream-bundle-sync.ts';

/** What the client of an upstream authority depends on. */
export interface UpstreamClientDeps {
  readonly authority: UpstreamAuthority;
  readonly trustDomain: TrustDomain;
  /** Takes over what the upstream authority tells. */
  readonly bundle: UpstreamBundleSync;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long an upstream authority may take to sign. */
const MINT_TIMEOUT_MS = 30_000;

/** How long it may take to accept a key; SPIRE's limit. */
const PUBLISH_TIMEOUT_MS = 5_000;

/** Between two attempts to follow its bundle. */
const WATCH_AGAIN_AFTER_MS = 5_000;

/**
 * Has an upstream authority sign, publishes keys there, and keeps the trust bundle as it says, until it is disposed. Of
 * each kind of call the last one is followed for changes.
 */
export class UpstreamClient implements AsyncDisposable {
  readonly #deps: UpstreamClientDeps;
  readonly #minting: LastingCall;
  readonly #publishing: LastingCall;
  readonly #closing = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #hasWarned = false;
  /** What the upstream authority told last of its own accord. */
  #told: UpstreamBundle | undefined;

  constructor(deps: UpstreamClientDeps) {
    this.#deps = deps;
    this.#minting = new LastingCall(deps.clock);
    this.#publishing = new LastingCall(deps.clock);
  }

  /**
   * A CA for the key of the signer, with its chain; its roots are in the bundle when this resolves.
   *
   * Errors: `invalid-argument` for one that nobody could use, `deadline-exceeded`, what the upstream authority and the
   * datastore throw.
   */
  async mintX509Ca(request: MintX509CaRequest, signer: Signer): Promise<readonly [Certificate, ...Certificate[]]> {
    const { authority, trustDomain, bundle, clock } = this.#deps;
    return await this.#minting.run(MINT_TIMEOUT_MS, async (signal) => {
      const { chain, roots, updates } = await authority.mintX509Ca(request, { signal });
      await checkMintedCa({ chain, roots }, { signer, trustDomain, clock });
      await bundle.syncX509Roots(roots);
      return {
        result: chain,
        follow: () => this.#follow(updates, 'X.509 root', (later) => bundle.syncX509Roots(later)),
      };
    });
  }

  /**
   * Publishes a JWT key upstream, or in the own bundle where the upstream authority takes none; resolves with all keys.
   *
   * Errors: `deadline-exceeded`, what the upstream authority and the datastore throw.
   */
  async publishJwtKey(key: KeyAuthority): Promise<readonly KeyAuthority[]> {
    const { authority, bundle, log } = this.#deps;
    try {
      return await this.#publishing.run(PUBLISH_TIMEOUT_MS, async (signal) => {
        const { keys, updates } = await authority.publishJwtKey(key, { signal });
        return {
          result: await bundle.appendJwtKeys(keys),
          follow: () => this.#follow(updates, 'JWT key', (later) => bundle.syncJwtKeys(later)),
        };
      });
    } catch (error) {
      if (SpirekitError.from(error).code !== 'unimplemented') throw error;
    }
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      log.warn(
        'UpstreamAuthority plugin does not support JWT-SVIDs. Workloads managed by this server may have trouble communicating with workloads outside this cluster when using JWT-SVIDs.',
        { plugin_name: authority.name },
      );
    }
    return await bundle.appendJwtKeys([key]);
  }

  /** Begins to follow the bundle of the upstream authority, if it tells it. */
  watch(): void {
    this.#watching = this.#watch(this.#closing.signal);
  }

  /**
   * Takes over once more what the upstream authority told last, since more may follow from it by now: only what is tainted
   * here can be revoked. Errors: those of the datastore.
   */
  async takeOverAgain(): Promise<void> {
    if (this.#told === undefined) return;
    await this.#deps.bundle.syncX509Roots(this.#told.x509Authorities);
    await this.#deps.bundle.syncJwtKeys(this.#told.jwtAuthorities);
  }

  /** Ends what is followed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new SpirekitError('canceled', 'the server is stopping'));
    await Promise.all([this.#minting[Symbol.asyncDispose](), this.#publishing[Symbol.asyncDispose](), this.#watching]);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { authority, clock, log } = this.#deps;
    while (!signal.aborted) {
      try {
        for await (const bundle of authority.watchBundle({ signal })) {
          this.#told = bundle;
          await this.#takeOver(bundle);
        }
      } catch (error) {
        if (signal.aborted || SpirekitError.from(error).code === 'unimplemented') return;
        log.warn('Unable to follow the bundle of the upstream authority', { error });
      }
      await sleep(clock, WATCH_AGAIN_AFTER_MS, { signal }).catch(() => undefined);
    }
  }

  async #takeOver({ x509Authorities, jwtAuthorities }: UpstreamBundle): Promise<void> {
    const { bundle, log } = this.#deps;
    try {
      await bundle.syncX509Bundle(x509Authorities);
      await bundle.syncJwtKeys(jwtAuthorities);
    } catch (error) {
      log.error('Failed to store the bundle received by the upstream authority plugin.', { error });
      throw error;
    }
  }

  async #follow<T>(
    updates: AsyncIterable<T> | undefined,
    what: string,
    store: (update: T) => Promise<unknown>,
  ): Promise<void> {
    const { log } = this.#deps;
    try {
      for await (const update of updates ?? []) {
        await store(update).catch((error: unknown) =>
          log.error(`Failed to store ${what}s received by the upstream authority plugin.`, { error }),
        );
      }
    } catch (error) {
      if (SpirekitError.from(error).code === 'canceled') return;
      log.error(`The upstream authority plugin stopped streaming ${what} updates prematurely. Will retry later.`, {
        error,
      });
    }
  }
}
