import { type CancelTimer, type Clock, sleep } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { AuthorityBundle } from '../../spiffe/authority-bundle.ts';

/** Who is to have the bundle, and how. */
export interface BundleReceiverOptions {
  /** Hands the bundle over. It may fail. */
  readonly deliver: (bundle: AuthorityBundle, options: { readonly signal: AbortSignal }) => Promise<void>;
  /** Told of each failure; it must not throw. */
  readonly onFailure: (error: SpirekitError) => void;
  readonly clock: Clock;
}

/** A delivery that takes longer has failed. */
const DELIVERY_TIMEOUT_MS = 60_000;

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * Sees to it that a receiver has the newest bundle: one delivery after the other, again and again until it succeeds, and
 * never an older one after a newer one. A receiver that hangs or fails holds nobody else up.
 */
export class BundleReceiver implements AsyncDisposable {
  readonly #options: BundleReceiverOptions;
  readonly #stop = new AbortController();
  #wanted: AuthorityBundle | undefined;
  /** What the receiver has. */
  #delivered: string | undefined;
  #work: Promise<void> | undefined;
  #endWait = new AbortController();

  constructor(options: BundleReceiverOptions) {
    this.#options = options;
  }

  /** Says what the receiver has already. */
  hasGot(bundle: AuthorityBundle): void {
    this.#delivered = fingerprint(bundle);
  }

  /** To be had from now on, in place of any earlier one. A bundle that the receiver has is not delivered again. */
  offer(bundle: AuthorityBundle): void {
    if (this.#stop.signal.aborted) return;
    const isNews = this.#wanted === undefined || fingerprint(bundle) !== fingerprint(this.#wanted);
    this.#wanted = bundle;
    // What is new must not wait for the next attempt with what is old.
    if (isNews) this.#endWait.abort();
    this.#work ??= this.#run();
  }

  /** Resolves when nothing is under way, or the stop has ended it. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new SpirekitError('canceled', 'the server is stopping'));
    await this.#work;
  }

  async #run(): Promise<void> {
    const stop = this.#stop.signal;
    let waitMs = FIRST_RETRY_MS;
    // Not at once: whoever began this must have noted it before it can end.
    await Promise.resolve();
    for (;;) {
      const bundle = this.#wanted;
      if (bundle === undefined || stop.aborted || fingerprint(bundle) === this.#delivered) break;
      this.#endWait = new AbortController();
      try {
        await this.#deliver(bundle);
        this.#delivered = fingerprint(bundle);
        waitMs = FIRST_RETRY_MS;
      } catch (error) {
        if (stop.aborted) break;
        this.#options.onFailure(SpirekitError.from(error));
        await sleep(this.#options.clock, waitMs, { signal: AbortSignal.any([stop, this.#endWait.signal]) }).catch(
          () => undefined,
        );
        waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS);
      }
    }
    this.#work = undefined;
  }

  async #deliver(bundle: AuthorityBundle): Promise<void> {
    const { clock, deliver } = this.#options;
    const tooLate = new AbortController();
    const cancel: CancelTimer = clock.schedule(DELIVERY_TIMEOUT_MS, () =>
      tooLate.abort(new SpirekitError('deadline-exceeded', `no answer within ${DELIVERY_TIMEOUT_MS / 1000} s`)),
    );
    const signal = AbortSignal.any([this.#stop.signal, tooLate.signal]);
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      // A plugin that does not look at its signal must not hold the next delivery up.
      await Promise.race([deliver(bundle, { signal }), aborted.promise]);
    } finally {
      cancel();
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** The same text for bundles that say the same, taint included, which does not always raise the sequence number. */
function fingerprint(bundle: AuthorityBundle): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return JSON.stringify([
    bundle.sequenceNumber.toString(),
    bundle.refreshHintSeconds,
    bundle.x509Authorities.map(({ certificate, tainted }) => [text(certificate), tainted]),
    [...bundle.jwtAuthorities, ...bundle.witAuthorities].map(({ keyId, publicKey, expiresAtSeconds, tainted }) => [
      keyId,
      text(publicKey),
      expiresAtSeconds,
      tainted,
    ]),
  ]);
}
