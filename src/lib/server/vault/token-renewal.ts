import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { type DueTime, dueAt, msUntil } from '../../runtime/due-time.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { VaultToken } from './vault-answer.ts';

/** What keeps a token alive. */
export interface TokenRenewalDeps {
  /** Asks Vault for a longer life of the token. */
  readonly renew: () => Promise<VaultToken>;
  /** Called once, when the token is about to end. */
  readonly onEnd: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Part of the lease after which it is renewed, as Vault's own clients do. */
const RENEW_AFTER = 2 / 3;
/** A lease is given up a little before its end, so that calls under way still succeed: a sixth of it, at most this. */
const MOST_SPARE_SECONDS = 5;
/** A failed renewal is tried again after a quarter of what is left, and this at least. */
const LEAST_RETRY_MS = 1_000;

/** Renews one token until it ends or this is disposed of. */
export class TokenRenewal implements Disposable {
  readonly #deps: TokenRenewalDeps;
  #lease: Pick<VaultToken, 'leaseSeconds' | 'isRenewable'>;
  readonly #spareSeconds: number;
  #end: DueTime;
  #cancel: CancelTimer = () => {};
  #isDone = false;

  constructor(lease: Pick<VaultToken, 'leaseSeconds' | 'isRenewable'>, deps: TokenRenewalDeps) {
    this.#deps = deps;
    this.#lease = lease;
    this.#spareSeconds = Math.min(MOST_SPARE_SECONDS, lease.leaseSeconds / 6);
    this.#end = this.#endOf(lease.leaseSeconds);
    if (lease.leaseSeconds === 0) {
      deps.log.debug('Token will never expire');
      return;
    }
    deps.log.debug(lease.isRenewable ? 'Token will be renewed' : 'Token is not renewable', {
      lease_duration: lease.leaseSeconds,
    });
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.#isDone = true;
    this.#cancel();
  }

  #endOf(leaseSeconds: number): DueTime {
    const { clock } = this.#deps;
    return dueAt(clock.nowMs() + leaseSeconds * 1000, clock);
  }

  #arm(delayMs = this.#untilNextStepMs()): void {
    if (this.#isDone) return;
    this.#cancel();
    this.#cancel = this.#deps.clock.schedule(Math.max(0, delayMs), () => void this.#step(), { unref: true });
  }

  #untilNextStepMs(): number {
    const leaseMs = this.#lease.leaseSeconds * 1000;
    return this.#isRenewable ? leaseMs * RENEW_AFTER : this.#leftMs;
  }

  /** A lease that has become short was cut by the longest life of the token: renewing it again adds nothing. */
  get #isRenewable(): boolean {
    return this.#lease.isRenewable && this.#lease.leaseSeconds > 2 * this.#spareSeconds;
  }

  get #leftMs(): number {
    return msUntil(this.#end, this.#deps.clock) - this.#spareSeconds * 1000;
  }

  async #step(): Promise<void> {
    if (this.#isDone) return;
    if (!this.#isRenewable || this.#leftMs <= 0) {
      this.#isDone = true;
      this.#deps.onEnd();
      return;
    }
    try {
      const renewed = await this.#deps.renew();
      this.#lease = renewed;
      this.#end = this.#endOf(renewed.leaseSeconds);
      this.#deps.log.debug('Successfully renewed auth token', { lease_duration: renewed.leaseSeconds });
      this.#arm();
    } catch (error) {
      if (this.#isDone) return;
      this.#deps.log.error('Failed to renew auth token', { error });
      this.#arm(Math.min(Math.max(LEAST_RETRY_MS, this.#leftMs / 4), Math.max(0, this.#leftMs)));
    }
  }
}
