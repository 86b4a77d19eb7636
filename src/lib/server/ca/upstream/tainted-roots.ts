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
  /** Called with each root when it is tainted in the own bundle. */
  readonly onTainted: (root: Certificate) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY_AFTER_MS = 5_000;

/**
 * Gets this server away from roots that upstream has tainted: a new CA first, then the taint in the own bundle, which
 * makes agents replace what the CA before had signed. What fails is tried again until it is done.
 */
export class TaintedRoots implements AsyncDisposable {
  readonly #deps: TaintedRootsDeps;
  readonly #pending = new Map<string, Certificate>();
  #cancelRetry: CancelTimer = () => {};
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: TaintedRootsDeps) {
    this.#deps = deps;
  }

  /** Starts to act on these roots; those that are being acted on already count once. */
  add(roots: readonly Certificate[]): void {
    const fresh = roots.filter((root) => !this.#pending.has(keyIdOf(root)));
    if (fresh.length === 0) return;
    for (const root of fresh) {
      this.#deps.log.info('X.509 authority tainted', { subject_key_id: keyIdOf(root) });
      this.#pending.set(keyIdOf(root), root);
    }
    this.#start();
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

  #start(): void {
    this.#cancelRetry();
    this.#work = this.#work.then(() => this.#process());
  }

  async #process(): Promise<void> {
    if (this.#isClosed || this.#pending.size === 0) return;
    const { log, clock } = this.#deps;
    const roots = [...this.#pending.values()];
    try {
      log.debug('Processing tainted keys on upstream authority');
      await this.#leave(roots);
      for (const root of roots) {
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
  async #leave(roots: readonly Certificate[]): Promise<void> {
    const { x509, log, clock } = this.#deps;
    const isTainted = ({ authority, status }: SlotView<X509Ca>): boolean =>
      authority !== undefined && status !== 'old' && leadsTo(authority.upstreamChain, roots, clock.nowMs());
    const mustRotate = isTainted(x509.current);
    if (mustRotate) log.info('Current root CA is signed by a tainted upstream authority, preparing rotation');
    if (isTainted(x509.next) || (mustRotate && x509.next.status !== 'prepared')) {
      await x509.prepare();
      if (isTainted(x509.next)) {
        throw new SpirekitError('failed-precondition', 'the upstream authority signs with a tainted authority');
      }
    }
    if (mustRotate) await x509.rotate();
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
