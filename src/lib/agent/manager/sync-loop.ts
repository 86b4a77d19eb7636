import { type Clock, sleep } from '../../runtime/clock.ts';
import { prefixed } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { type Rebootstrap, RebootstrapNeeded } from '../bootstrap/rebootstrap.ts';
import { findRefusal } from '../client/refusal.ts';
import { isUnknownAuthority } from '../client/server-authentication.ts';
import { Alarm } from './alarm.ts';
import { Backoff } from './backoff.ts';

/** What a {@link SyncLoop} needs. */
export interface SyncLoopOptions {
  readonly entries: { run(options: { readonly signal: AbortSignal }): Promise<void> };
  readonly renewal: { renew(options: { readonly signal: AbortSignal }): Promise<number> };
  /** How long until the next SVID falls due, in milliseconds. */
  readonly msUntilRenewal: () => number;
  /** What to do about a server that has become another. */
  readonly rebootstrap: Rebootstrap;
  /** How long to wait between two rounds. */
  readonly intervalMs: number;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The interval grows to at most so many times its length after failures, and to at most eight minutes. */
const MOST_INTERVALS = 48;
const LONGEST_INTERVAL_MS = 8 * 60_000;

/** A first round that failed is tried again after at most this. */
const DEFAULT_INTERVAL_MS = 5000;

/** However many notices come, rounds do not follow each other faster. */
const LEAST_PAUSE_MS = 100;

const FIRST_RENEWAL_RETRY_MS = 500;
const LONGEST_RENEWAL_RETRY_MS = 4 * 60_000;

/** SVIDs are looked at so often at least, since the clock may be set and the machine may have slept. */
const RENEWAL_CHECK_MS = 30_000;

/** Those that fall due one after the other within this are asked for together. */
const GATHER_RENEWALS_MS = 500;

/** Decides when the agent asks its server: at regular intervals, on notice of a change, and when a workload waits. */
export class SyncLoop {
  readonly #options: SyncLoopOptions;
  readonly #syncAlarm: Alarm;
  readonly #renewalAlarm: Alarm;
  readonly #renewalRetryAlarm: Alarm;
  readonly #backoff: Backoff;
  #lastSuccessMs = 0;
  /** Of the monotonic clock. */
  #renewalPlannedMs = Number.NEGATIVE_INFINITY;
  #isRenewalWanted = false;

  constructor(options: SyncLoopOptions) {
    const { clock, intervalMs, random } = options;
    this.#options = options;
    this.#syncAlarm = new Alarm(clock);
    this.#renewalAlarm = new Alarm(clock);
    this.#renewalRetryAlarm = new Alarm(clock);
    this.#backoff = new Backoff({
      initialMs: intervalMs,
      maxMs: Math.max(intervalMs, Math.min(LONGEST_INTERVAL_MS, MOST_INTERVALS * intervalMs)),
      random,
    });
  }

  /** When the last round succeeded, in milliseconds since the Unix epoch; 0 if none did. */
  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }

  /** Has the next round begin now. */
  syncSoon(): void {
    this.#syncAlarm.ring();
  }

  /** Has SVIDs that workloads wait for signed now. */
  renewSoon(): void {
    this.#isRenewalWanted = true;
    this.#renewalAlarm.ring();
  }

  /** Has everything done now that is due, without waiting any longer after failures: the clock was set. */
  lookAgain(): void {
    this.#syncAlarm.ring();
    this.renewSoon();
    this.#renewalRetryAlarm.ring();
  }

  /** One round: entries and bundles, then SVIDs. */
  async runOnce(signal: AbortSignal): Promise<void> {
    const { entries, renewal, clock } = this.#options;
    await entries.run({ signal });
    await renewal.renew({ signal });
    this.#lastSuccessMs = clock.nowMs();
    if (clock.monotonicMs() + this.#options.msUntilRenewal() < this.#renewalPlannedMs) this.#renewalAlarm.ring();
  }

  /** Round after round until the signal aborts. Rejects when the server refuses the agent or is another one. */
  async runSync(signal: AbortSignal): Promise<never> {
    const { clock, log } = this.#options;
    for (let delayMs = Math.min(this.#backoff.nextMs(), DEFAULT_INTERVAL_MS); ; ) {
      await this.#syncAlarm.wait(delayMs, signal);
      const startedAtMs = clock.monotonicMs();
      try {
        await this.runOnce(signal);
        this.#backoff.reset();
        await this.#options.rebootstrap.succeeded();
      } catch (error) {
        signal.throwIfAborted();
        if (isUnknownAuthority(error)) {
          await this.#handleUnknownServer(error);
          this.#backoff.reset();
        } else {
          log.error('Synchronize failed', { error });
          if (findRefusal(error) !== undefined) throw error;
        }
      }
      delayMs = this.#backoff.nextMs();
      const pauseMs = LEAST_PAUSE_MS - (clock.monotonicMs() - startedAtMs);
      if (pauseMs > 0) await sleep(clock, pauseMs, { signal });
    }
  }

  /** Gets SVIDs that are asked for or fall due between two rounds, until the signal aborts. */
  async runRenewal(signal: AbortSignal): Promise<never> {
    const { clock, log, random } = this.#options;
    const backoff = new Backoff({
      initialMs: FIRST_RENEWAL_RETRY_MS,
      maxMs: LONGEST_RENEWAL_RETRY_MS,
      random,
    });
    for (;;) {
      const waitMs = Math.max(GATHER_RENEWALS_MS, Math.min(this.#options.msUntilRenewal(), RENEWAL_CHECK_MS));
      this.#renewalPlannedMs = clock.monotonicMs() + waitMs;
      await this.#renewalAlarm.wait(waitMs, signal);
      // Woken only because there is an earlier time to wait for.
      if (!this.#isRenewalWanted && clock.monotonicMs() < this.#renewalPlannedMs) continue;
      this.#isRenewalWanted = false;
      try {
        const refused = await this.#options.renewal.renew({ signal });
        if (refused === 0) {
          backoff.reset();
          continue;
        }
      } catch (error) {
        signal.throwIfAborted();
        log.error('SVID sync failed', { error });
      }
      // Who still waits rings again at once.
      await this.#renewalRetryAlarm.wait(backoff.nextMs(), signal);
    }
  }

  async #handleUnknownServer(error: unknown): Promise<void> {
    const { rebootstrap, log } = this.#options;
    if (!rebootstrap.isAllowed) {
      log.info('Synchronize failed, non-recoverable error', { error });
      throw prefixed('failed to sync with SPIRE Server', error);
    }
    if (!(await rebootstrap.isDue())) return;
    await rebootstrap.forgetServer();
    throw new RebootstrapNeeded(error);
  }
}
