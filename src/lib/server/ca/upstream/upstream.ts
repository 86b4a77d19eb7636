import { Certificate } from '../../../crypto/certificate.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { AuthorityStore, BundleStore } from '../../datastore/bundle-store.ts';
import type { UpstreamAuthority } from '../../plugin/upstreamauthority/upstream-authority.ts';
import type { X509Ca } from '../authority.ts';
import type { RotatingAuthority } from '../rotating-authority.ts';
import { TaintedRoots } from './tainted-roots.ts';
import { UpstreamBundleSync } from './upstream-bundle-sync.ts';
import { UpstreamClient } from './upstream-client.ts';

/** What a server with an upstream authority needs for it. */
export interface UpstreamDeps {
  readonly authority: UpstreamAuthority;
  readonly trustDomain: TrustDomain;
  readonly bundles: BundleStore & AuthorityStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The upstream authority of a server with everything that follows from what it tells. */
export class Upstream implements AsyncDisposable {
  readonly client: UpstreamClient;
  readonly #deps: UpstreamDeps;
  readonly #bundle: UpstreamBundleSync;
  #taints: TaintedRoots | undefined;
  /** What was tainted before there was an authority to be replaced. */
  #early: readonly Certificate[] = [];
  #onTaintedRoot: (root: Certificate) => void = () => {};

  constructor(deps: UpstreamDeps) {
    const onTaintedRoots = (roots: readonly Certificate[]): void => {
      if (this.#taints === undefined) this.#early = [...this.#early, ...roots];
      else this.#taints.add(roots);
    };
    this.#deps = deps;
    const onMissingRoots = (roots: readonly Certificate[]): void => this.#taints?.reviewMissing(roots);
    this.#bundle = new UpstreamBundleSync({ ...deps, onTaintedRoots, onMissingRoots });
    this.client = new UpstreamClient({ ...deps, bundle: this.#bundle });
  }

  /** From now on taints lead to new CAs, and the bundle of the upstream authority is followed. */
  start(x509: RotatingAuthority<X509Ca>): void {
    this.#taints = new TaintedRoots({
      ...this.#deps,
      x509,
      isUpstream: (root) => this.#bundle.isUpstream(root),
      onTainted: (root) => this.#onTaintedRoot(root),
    });
    this.#taints.add(this.#early);
    this.#early = [];
    this.client.watch();
  }

  /**
   * Sees to it that nothing is signed below a root that is tainted in the own bundle, whoever did it, and that it does not
   * outlive the one above. Errors: those of the datastore.
   */
  async review(): Promise<void> {
    const { bundles, trustDomain } = this.#deps;
    const bundle = await bundles.findBundle(trustDomain);
    const tainted = (bundle?.x509Authorities ?? []).filter((root) => root.tainted);
    if (tainted.length === 0) return;
    this.#taints?.review(tainted.map(({ certificate }) => Certificate.parse(certificate)));
    await this.client.takeOverAgain();
  }

  /** Calls back in place of an earlier listener. */
  onTaintedRoot(listener: (root: Certificate) => void): void {
    this.#onTaintedRoot = listener;
  }

  /** Resolves when taints are acted on, as far as that is possible now. */
  async settled(): Promise<void> {
    await this.#taints?.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.#taints?.[Symbol.asyncDispose]();
  }
}
