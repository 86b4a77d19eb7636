import type { CancelTimer, Clock } from '../../runtime/clock.ts';
import { type DueTime, dueAt, msUntil } from '../../runtime/due-time.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { FairQueue } from '../../runtime/fair-queue.ts';
import type { Logger } from '../../runtime/logger.ts';
import { SharedRun } from '../../runtime/shared-run.ts';
import { countCall } from '../../telemetry/call-counter.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { FederationRelationship } from '../datastore/federation-store.ts';
import type { BundleRefresher, RefreshOutcome } from './bundle-refresher.ts';
import { refreshIntervalMs } from './refresh-interval.ts';

/** What all federated trust domains share. */
export interface FederatedDomainDeps {
  readonly refresher: Pick<BundleRefresher, 'refresh'>;
  /** In which refreshes wait for their turn. */
  readonly turns: FairQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** How the refreshes of a bundle have fared. Times are in milliseconds since the Unix epoch; undefined: not yet. */
export interface RefreshStatus {
  readonly lastAttemptMs: number | undefined;
  readonly lastSuccessMs: number | undefined;
  readonly nextAttemptMs: number | undefined;
  /** Why the last attempt failed. */
  readonly error: SpirekitError | undefined;
}

/** Keeps the bundle of one federated trust domain fresh, until it is disposed of. */
export class FederatedDomain implements AsyncDisposable {
  readonly #deps: FederatedDomainDeps;
  readonly #log: Logger;
  #relationship: FederationRelationship;
  #status: RefreshStatus = {
    lastAttemptMs: undefined,
    lastSuccessMs: undefined,
    nextAttemptMs: undefined,
    error: undefined,
  };
  /** Ends the refresh under way. */
  #stop = new AbortController();
  #cancelTimer: CancelTimer = () => {};
  /** When the next refresh is due; undefined while there is one. */
  #due: DueTime | undefined;
  readonly #refreshes = new SharedRun(() => this.#refresh());
  #isClosed = false;

  /** Does nothing before the first {@link refresh}. */
  constructor(relationship: FederationRelationship, deps: FederatedDomainDeps) {
    this.#relationship = relationship;
    this.#deps = deps;
    this.#log = deps.log.with({ trust_domain: relationship.trustDomain.name });
  }

  get relationship(): FederationRelationship {
    return this.#relationship;
  }

  get status(): RefreshStatus {
    return this.#status;
  }

  /** Fetches from elsewhere from now on; what is under way is given up. */
  change(relationship: FederationRelationship): void {
    this.#relationship = relationship;
    this.#stop.abort(new SpirekitError('canceled', 'the federation relationship has changed'));
    this.#stop = new AbortController();
    this.start();
  }

  /** Refreshes and goes on by itself; what fails is in the log and in {@link status}. */
  start(): void {
    this.refresh().catch(() => undefined);
  }

  /** Catches up after a sleep of the machine, in which timers stand still. */
  startIfDue(): void {
    if (this.#due !== undefined && msUntil(this.#due, this.#deps.clock) <= 0) this.start();
  }

  /**
   * Refreshes now, after a refresh that is under way, which may have asked too early to know what the caller knows.
   * Callers that come while one waits share it. Rejects with `canceled` when the relationship changes or goes meanwhile.
   */
  refresh(): Promise<RefreshOutcome> {
    return this.#refreshes.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#stop.abort(new SpirekitError('canceled', 'the trust domain is no longer federated'));
    await this.#refreshes.settled();
    this.#log.info('No longer polling for updates');
  }

  async #refresh(): Promise<RefreshOutcome> {
    const { refresher, turns, clock } = this.#deps;
    const { signal } = this.#stop;
    const { trustDomain } = this.#relationship;
    this.#cancelTimer();
    this.#due = undefined;
    signal.throwIfAborted();
    const outcome = await turns.run(
      trustDomain.name,
      () => {
        this.#log.debug('Polling for bundle update');
        this.#status = { ...this.#status, lastAttemptMs: clock.nowMs() };
        return this.#counted(() => refresher.refresh(this.#relationship, signal));
      },
      { signal },
    );
    signal.throwIfAborted();
    this.#report(outcome);
    this.#arm(refreshIntervalMs(outcome.bundle));
    return outcome;
  }

  /** SPIRE's call counter, whose status tells failures. */
  async #counted(refresh: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
    let outcome: RefreshOutcome | undefined;
    const key = ['bundle_manager', 'fetch', 'federated_bundle'];
    const counting = countCall(
      this.#deps,
      key,
      async () => {
        outcome = await refresh();
        if (outcome.error !== undefined) throw outcome.error;
        return outcome;
      },
      { trust_domain_id: this.#relationship.trustDomain.name },
    );
    return await counting.catch((error: unknown) => {
      if (outcome === undefined) throw error;
      return outcome;
    });
  }

  #report({ error, isNew }: RefreshOutcome): void {
    const { clock, metrics } = this.#deps;
    if (error === undefined) this.#status = { ...this.#status, error, lastSuccessMs: clock.nowMs() };
    else {
      this.#status = { ...this.#status, error };
      this.#log.error('Error updating bundle', { error });
    }
    if (!isNew) return;
    metrics.incrementCounter(['bundle_manager', 'update', 'federated_bundle'], {
      trust_domain_id: this.#relationship.trustDomain.name,
    });
    this.#log.info('Bundle refreshed');
  }

  #arm(afterMs: number): void {
    if (this.#isClosed) return;
    const { clock } = this.#deps;
    const nextAttemptMs = clock.nowMs() + afterMs;
    this.#status = { ...this.#status, nextAttemptMs };
    this.#due = dueAt(nextAttemptMs, clock);
    this.#log.debug('Scheduling next bundle refresh', { at: new Date(nextAttemptMs).toISOString() });
    this.#cancelTimer = clock.schedule(afterMs, () => this.start(), { unref: true });
  }
}
