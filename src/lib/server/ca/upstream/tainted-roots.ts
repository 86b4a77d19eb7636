import type { Certificate } from '../../../crypto/certificate.ts';
import { leadsTo } from '../../../crypto/chain.ts';
import type { CancelTimer, Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { Logger } from '../../../runtime/logger.ts';
import type { TrustDomain } from '../../../spiffe/trust-domain.ts';
import type { AuthorityStore } from '../../datastore/bundle-store.ts';
import type { X509Ca } from '../authority.ts';
import type { RotatingAuthority, SlotView } from '../rotating-authority.ts';

/** What acting on tainted roots depends on. */
export interface TaintedRootsDeps {
  readonly trustDomain: TrustDomain;
  readonly x509: RotatingAuthority<X509Ca>;
  readonly bundles: Pick<AuthorityStore, 'taintX509Authority'>;
  /** Whether upstream had this root when it was heard of last. */
  readonly isUpstream: (root: Certificate) => boolean;
  /** Called with each root when it is tainted in the own bundle. */
  readonly onTainted: (root: Certificate) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY_AFTER_MS = 5_000;

/** A root to get away from. */
interface Pending {
  readonly root: Certificate;
  /** Not tainted but missing upstream: what told so may have been older than the CA that signs. */
  readonly isMissing: boolean;
}

/**
 * Gets this server away from roots that upstream has tainted: a new CA first, then the taint in the own bundle, which
 * makes agents replace what the CA before had signed. What fails is tried again until it is done.
 */
export class TaintedRoots implements AsyncDisposable {
  readonly #deps: TaintedRootsDeps;
  readonly #pending = new Map<string, Pending>();
  #cancelRetry: CancelTimer = () => {};
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: TaintedRootsDeps) {
    this.#deps = deps;
  }

  /** Starts to act on roots that upstream has tainted; those that are being acted on already count once. */
  add(roots: readonly Certificate[]): void {
    this.#add(roots, { isMissing: false });
  }

  /** The same for roots that are tainted in the own bundle: another server on the same datastore may have been faster. */
  review(roots: readonly Certificate[]): void {
    const { x509 } = this.#deps;
    const slots = [x509.current, x509.next].filter(({ status }) => status !== 'old');
    this.#add(
      roots.filter((root) => slots.some((slot) => this.#isBelow(slot, [root]))),
      { isMissing: false },
    );
  }

  /**
   * The same for roots that upstream has no more, if they are known to come from there by what they signed: they may have
   * been tainted and revoked while this server was down.
   */
  reviewMissing(roots: readonly Certificate[]): void {
    const { x509 } = this.#deps;
    const slots = [x509.current, x509.next];
    this.#add(
      roots.filter((root) => slots.some((slot) => this.#isBelow(slot, [root]))),
      { isMissing: true },
    );
  }

  /** Resolves when what was started is done, or waits to be tried again. */
  settled(): Promise<void> {
    return this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    await this.#work;
  }

  #add(roots: readonly Certificate[], { isMissing }: Pick<Pending, 'isMissing'>): void {
    const fresh = roots.filter((root) => !this.#pending.has(keyIdOf(root)));
    if (fresh.length === 0) return;
    for (const root of fresh) {
      const what = isMissing ? 'X.509 authority is gone upstream' : 'X.509 authority tainted';
      this.#deps.log.info(what, { subject_key_id: keyIdOf(root) });
      this.#pending.set(keyIdOf(root), { root, isMissing });
    }
    this.#start();
  }

  #start(): void {
    this.#cancelRetry();
    this.#work = this.#work.then(() => this.#process());
  }

  async #process(): Promise<void> {
    if (this.#isClosed || this.#pending.size === 0) return;
    const { log, clock } = this.#deps;
    try {
      log.debug('Processing tainted keys on upstream authority');
      await this.#leave();
      for (const root of this.#roots()) {
        await this.#taint(root);
        this.#pending.delete(keyIdOf(root));
      }
    } catch (error) {
      log.warn('Failed to process tainted keys on upstream authority', { error });
      if (this.#isClosed) return;
      this.#cancelRetry = clock.schedule(RETRY_AFTER_MS, () => this.#start(), { unref: true });
    }
  }

  /** Makes sure that no CA signs, or is ready to sign, that leads to these roots. */
  async #leave(): Promise<void> {
    const { x509, log } = this.#deps;
    const isTainted = (slot: SlotView<X509Ca>): boolean => slot.status !== 'old' && this.#isBelow(slot, this.#roots());
    const mustRotate = isTainted(x509.current);
    if (mustRotate) log.info('Current root CA is signed by a tainted upstream authority, preparing rotation');
    if (isTainted(x509.next) || (mustRotate && x509.next.status !== 'prepared')) {
      await x509.prepare();
      this.#dropReturned();
      if (isTainted(x509.next)) {
        throw new SpirekitError('failed-precondition', 'the upstream authority signs with a tainted authority');
      }
    }
    if (isTainted(x509.current)) await x509.rotate();
  }

  /** With a CA come all roots of now: what is among them was never gone. */
  #dropReturned(): void {
    for (const [keyId, { root, isMissing }] of this.#pending) {
      if (isMissing && this.#deps.isUpstream(root)) this.#pending.delete(keyId);
    }
  }

  #roots(): readonly Certificate[] {
    return Array.from(this.#pending.values(), ({ root }) => root);
  }

  /** Whether the CA in a slot leads to one of these roots. */
  #isBelow({ authority }: SlotView<X509Ca>, roots: readonly Certificate[]): boolean {
    if (authority === undefined) return false;
    return leadsTo(authority.upstreamChain, roots, this.#deps.clock.nowMs());
  }

  async #taint(root: Certificate): Promise<void> {
    const { bundles, trustDomain, onTainted } = this.#deps;
    try {
      await bundles.taintX509Authority(trustDomain, keyIdOf(root));
    } catch (error) {
      // Tainted by another server on the same datastore, or revoked since.
      const { code } = SpirekitError.from(error);
      if (code !== 'invalid-argument' && code !== 'not-found') throw error;
    }
    onTainted(root);
  }
}

function keyIdOf({ subjectKeyId }: Certificate): string {
  return Buffer.from(subjectKeyId ?? []).toString('hex');
}
