import { Certificate } from '../../crypto/certificate.ts';
import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { X509BundleSource } from '../../spiffe/bundle-source.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { ChangeEvents } from '../datastore/change-events.ts';

/** What the cache depends on. */
export interface BundleCacheDeps {
  readonly bundles: Pick<BundleStore, 'findBundle'>;
  readonly changes: ChangeEvents;
  /** The trust domains whose bundles are held. */
  readonly trustDomains: readonly TrustDomain[];
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY_AFTER_MS = 5_000;

/**
 * X.509 authorities in memory, for the moment of a TLS handshake, which cannot wait for the datastore. A change in the
 * datastore replaces what is held.
 */
export class BundleCache implements X509BundleSource, AsyncDisposable {
  readonly #deps: BundleCacheDeps;
  readonly #authorities = new Map<string, readonly Certificate[]>();
  readonly #retries = new Map<string, CancelTimer>();
  #unsubscribe: () => void = () => {};
  #work: Promise<unknown> = Promise.resolve();

  private constructor(deps: BundleCacheDeps) {
    this.#deps = deps;
  }

  /** Rejects with what the datastore throws. */
  static async open(deps: BundleCacheDeps): Promise<BundleCache> {
    const cache = new BundleCache(deps);
    const held = new Map(deps.trustDomains.map((trustDomain) => [trustDomain.name, trustDomain]));
    // Before the first read, so that no change falls between the two.
    cache.#unsubscribe = deps.changes.subscribe((change) => {
      if (change.kind === 'all') for (const trustDomain of held.values()) cache.#refresh(trustDomain);
      const trustDomain = change.kind === 'bundle' ? held.get(change.trustDomain.name) : undefined;
      if (trustDomain !== undefined) cache.#refresh(trustDomain);
    });
    try {
      for (const trustDomain of held.values()) await cache.#read(trustDomain);
    } catch (error) {
      cache.#unsubscribe();
      throw error;
    }
    return cache;
  }

  getX509Bundle(trustDomain: TrustDomain): readonly Certificate[] {
    const authorities = this.#authorities.get(trustDomain.name);
    if (authorities === undefined) {
      throw new SpirekitError('not-found', `no bundle found for trust domain ${JSON.stringify(trustDomain.name)}`);
    }
    return authorities;
  }

  /** Forgets the subscription and waits for reads under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
    await this.#work;
  }

  #refresh(trustDomain: TrustDomain): void {
    this.#retries.get(trustDomain.name)?.();
    this.#retries.delete(trustDomain.name);
    this.#work = this.#work.then(() =>
      this.#read(trustDomain).catch((error: unknown) => {
        this.#deps.log.error('Unable to read the bundle', { trust_domain: trustDomain.name, error });
        const retry = (): void => this.#refresh(trustDomain);
        this.#retries.set(trustDomain.name, this.#deps.clock.schedule(RETRY_AFTER_MS, retry, { unref: true }));
      }),
    );
  }

  async #read(trustDomain: TrustDomain): Promise<void> {
    const bundle = await this.#deps.bundles.findBundle(trustDomain);
    if (bundle === undefined) this.#authorities.delete(trustDomain.name);
    else {
      this.#authorities.set(
        trustDomain.name,
        bundle.x509Authorities.map(({ certificate }) => Certificate.parse(certificate)),
      );
    }
  }
}
