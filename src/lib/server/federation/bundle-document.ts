import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { SharedRun } from '../../runtime/shared-run.ts';
import { formatAuthorityBundle } from '../../spiffe/authority-bundle-document.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { ChangeEvents } from '../datastore/change-events.ts';

/** What the document is made from. */
export interface BundleDocumentDeps {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'findBundle'>;
  readonly changes: ChangeEvents;
  /** In place of the one that is stored. */
  readonly refreshHintSeconds: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Another server may have changed the bundle. SPIRE's cache is as old at most. */
const OLDEST_MS = 1_000;

/**
 * The SPIFFE bundle document of this server's trust domain, at most a second old, however often it is asked for. While the
 * datastore cannot be read it is the last one.
 */
export class BundleDocument implements Disposable {
  readonly #deps: BundleDocumentDeps;
  readonly #reads = new SharedRun(() => this.#read());
  readonly #unsubscribe: () => void;
  #text: string | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: BundleDocumentDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.changes.subscribe((change) => {
      if (change.kind === 'all' || (change.kind === 'bundle' && change.trustDomain.equals(deps.trustDomain)))
        this.#readAtMs = Number.NEGATIVE_INFINITY;
    });
  }

  /** Errors: `not-found`, and the datastore's while there is no document yet. */
  async text(): Promise<string> {
    const age = this.#deps.clock.monotonicMs() - this.#readAtMs;
    return this.#text !== undefined && age < OLDEST_MS ? this.#text : this.#reads.run();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  async #read(): Promise<string> {
    const { trustDomain, bundles, refreshHintSeconds, clock, log } = this.#deps;
    // Before the read: a change that comes meanwhile must not be missed.
    this.#readAtMs = clock.monotonicMs();
    try {
      const bundle = await bundles.findBundle(trustDomain);
      if (bundle === undefined) throw new SpirekitError('not-found', 'trust domain bundle not found');
      this.#text = formatAuthorityBundle({ ...bundle, refreshHintSeconds });
      return this.#text;
    } catch (error) {
      log.error('Unable to retrieve local bundle', { error });
      if (this.#text === undefined) throw error;
      return this.#text;
    }
  }
}
