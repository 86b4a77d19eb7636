import type { Clock } from '../../runtime/clock.ts';
import { DUE_NOW, msUntil } from '../../runtime/due-time.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { Bundle } from '../../spiffe/bundle.ts';
import type { Selector } from '../../spiffe/selector.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { type Metrics, NO_METRICS } from '../../telemetry/metrics.ts';
import { type AuthorizedEntry, compareEntries, isSameRevision } from './authorized-entry.ts';
import { BundleSet } from './bundle-set.ts';
import { type Indexed, SubsetIndex, SupersetIndex } from './selector-index.ts';
import { type SelectorSet, selectorSet } from './selector-set.ts';
import { Subscriber, type Wakeup } from './subscriber.ts';
import type { Identity, WorkloadSvid, WorkloadUpdate } from './workload-update.ts';

/** SPIRE's default. */
export const DEFAULT_MAX_SVIDS = 1000;

/** What an {@link IdentityCache} needs. */
export interface IdentityCacheOptions {
  /** The bundle of the agent's own trust domain until the first update. */
  readonly bundle: Bundle;
  /** How many SVIDs are kept beside those that workloads are subscribed to; 0 means {@link DEFAULT_MAX_SVIDS}. */
  readonly maxSvids: number;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly log: Logger;
  /** Where the number of entries and SVIDs goes; nowhere if absent. */
  readonly metrics?: Metrics;
}

/** What the server says that this agent serves. */
export interface EntriesUpdate {
  /** By entry id; entries for SVID stores are not among them. */
  readonly entries: ReadonlyMap<string, AuthorizedEntry>;
  /** By name of the trust domain. Unchanged bundles are the same objects as before. */
  readonly bundles: ReadonlyMap<string, Bundle>;
}

/** An entry that needs a (new) X509-SVID. */
export interface StaleEntry {
  readonly entry: AuthorizedEntry;
  /** When its present SVID ends, in milliseconds since the Unix epoch; undefined if it has none. */
  readonly expiresAtMs: number | undefined;
}

interface CacheRecord extends Indexed {
  readonly id: string;
  entry: AuthorizedEntry;
  selectors: SelectorSet;
  svid: WorkloadSvid | undefined;
  lastAccessMs: number;
}

/**
 * The entries, X509-SVIDs and bundles that this agent serves, and the workloads that wait for news of them. The number
 * of SVIDs is bounded: those that no workload is subscribed to are dropped, longest unused first, and made again when
 * one asks.
 */
export class IdentityCache {
  readonly #options: IdentityCacheOptions;
  readonly #metrics: Metrics;
  readonly #maxSvids: number;
  readonly #bundles: BundleSet;
  readonly #records = new Map<string, CacheRecord>();
  readonly #recordIndex = new SubsetIndex<CacheRecord>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #subscriberIndex = new SupersetIndex<Subscriber>();
  #svidCount = 0;
  #onDemand: () => void = () => {};

  constructor(options: IdentityCacheOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? NO_METRICS;
    this.#maxSvids = options.maxSvids > 0 ? options.maxSvids : DEFAULT_MAX_SVIDS;
    this.#bundles = new BundleSet(options.bundle, options.log);
  }

  /** The number of X509-SVIDs held. */
  get svidCount(): number {
    return this.#svidCount;
  }

  /** The bundle of the agent's own trust domain. */
  get bundle(): Bundle {
    return this.#bundles.own;
  }

  /** The bundle of any trust domain that this agent serves. */
  findBundle(trustDomain: TrustDomain): Bundle | undefined {
    return this.#bundles.find(trustDomain);
  }

  /** Calls back when a workload waits for an SVID that nobody has asked the server for. One listener only. */
  onDemand(listener: () => void): void {
    this.#onDemand = listener;
  }

  /** Takes over the state of the server and tells those it concerns. */
  updateEntries(update: EntriesUpdate): void {
    const changedDomains = this.#bundles.replace(update.bundles);
    const gone = [...this.#records.values()].filter(({ id }) => !update.entries.has(id));
    let added = 0;
    let updated = 0;
    for (const record of gone) this.#remove(record);
    for (const entry of update.entries.values()) {
      const record = this.#records.get(entry.id);
      if (record === undefined) {
        added += 1;
        this.#insert(entry);
      } else {
        if (record.entry !== entry) updated += 1;
        this.#replace(record, entry, changedDomains);
      }
    }
    this.#metrics.incrementCounter(['lru_cache_entry_add'], {}, added);
    this.#metrics.incrementCounter(['lru_cache_entry_update'], {}, updated);
    this.#metrics.incrementCounter(['lru_cache_entry_remove'], {}, gone.length);
    this.#dropUnusedSvids();
    this.#metrics.setGauge(['lru_cache_record_map_size'], this.#records.size);
    this.#metrics.setGauge(['lru_cache_svid_map_size'], this.#svidCount);
    if (changedDomains.has(this.bundle.trustDomain.name)) for (const one of this.#subscribers) one.notify();
  }

  /** Takes over SVIDs by entry id; for entries that are gone by now they are dropped. */
  updateSvids(svids: ReadonlyMap<string, WorkloadSvid>): void {
    for (const [id, svid] of svids) {
      const record = this.#records.get(id);
      if (record === undefined) continue;
      if (record.svid === undefined) this.#svidCount++;
      record.svid = svid;
      this.#options.log.debug('SVID updated', { entry: id, spiffe_id: record.entry.spiffeId });
      this.#notify(record.selectors);
    }
    this.#metrics.setGauge(['lru_cache_svid_map_size'], this.#svidCount);
  }

  /**
   * To be called after each attempt to get SVIDs for {@link staleEntries}, successful or not.
   *
   * @param outcome.isRefused that the server was there, and does not give some of them
   */
  settle(outcome: { readonly isRefused: boolean }): void {
    for (const subscriber of this.#subscribers) {
      if (this.#isMissingSvids(subscriber.selectors)) subscriber.settle(outcome);
    }
  }

  /** Entries that need an SVID, the most urgent first: what workloads wait for, what ends soonest, what fits beside. */
  staleEntries(): readonly StaleEntry[] {
    const { clock } = this.#options;
    const inUse = this.#recordsInUse();
    const wanted: StaleEntry[] = [];
    const renewed: (StaleEntry & { readonly expiresAtMs: number })[] = [];
    const ahead: StaleEntry[] = [];
    for (const record of this.#records.values()) {
      const { entry, svid } = record;
      if (svid !== undefined) {
        if (msUntil(svid.rotateAt, clock) <= 0 || !isSameRevision(svid, entry)) {
          renewed.push({ entry, expiresAtMs: svid.chain[0].notAfterMs });
        }
      } else if (inUse.has(record)) wanted.push({ entry, expiresAtMs: undefined });
      else if (!entry.disableX509SvidPrefetch) ahead.push({ entry, expiresAtMs: undefined });
    }
    renewed.sort((a, b) => a.expiresAtMs - b.expiresAtMs);
    const room = Math.max(0, this.#maxSvids - this.#svidCount - wanted.length);
    return [...wanted, ...renewed, ...ahead.slice(0, room)];
  }

  /** How long until the next SVID is to be replaced, in milliseconds; infinity while there is none. */
  get msUntilRotation(): number {
    const { clock } = this.#options;
    let leastMs = Number.POSITIVE_INFINITY;
    for (const { svid } of this.#records.values()) {
      if (svid !== undefined) leastMs = Math.min(leastMs, msUntil(svid.rotateAt, clock));
    }
    return leastMs;
  }

  /** Whether there is an SVID left that workloads may have. */
  get hasServableSvid(): boolean {
    const nowMs = this.#options.clock.nowMs();
    for (const { svid } of this.#records.values()) if (isServable(svid, nowMs)) return true;
    return false;
  }

  /** Marks every SVID for replacement that a predicate picks, for example those of a tainted authority. */
  expireSvids(isUnfit: (chain: WorkloadSvid['chain']) => boolean): number {
    let count = 0;
    for (const record of this.#records.values()) {
      if (record.svid === undefined || !isUnfit(record.svid.chain)) continue;
      record.svid = { ...record.svid, rotateAt: DUE_NOW };
      count++;
    }
    return count;
  }

  /** The entries whose selectors the workload has all of, in order of their ids. */
  matchingEntries(selectors: readonly Selector[]): readonly AuthorizedEntry[] {
    return this.#matching(selectorSet(selectors)).map((record) => record.entry);
  }

  /** What a workload gets to know now. */
  currentUpdate(selectors: readonly Selector[]): WorkloadUpdate {
    return this.#compose(selectorSet(selectors));
  }

  /**
   * What a workload gets to know, now and whenever it may have changed, until the signal aborts. With `needsSvids` the
   * first update waits until every SVID is there (or at least one, when the server does not give the others); an update
   * without identities means that none is granted (any more).
   */
  async *subscribe(
    selectors: readonly Selector[],
    options: { readonly needsSvids: boolean; readonly signal: AbortSignal },
  ): AsyncGenerator<WorkloadUpdate, void, void> {
    const { needsSvids, signal } = options;
    const subscriber = new Subscriber(selectorSet(selectors), needsSvids);
    const wakeToEnd = (): void => subscriber.notify();
    signal.addEventListener('abort', wakeToEnd);
    this.#subscribers.add(subscriber);
    this.#subscriberIndex.add(subscriber);
    try {
      for (let isFirst = true; ; ) {
        const wakeup = await subscriber.nextWakeup();
        if (signal.aborted) return;
        const update = this.#compose(subscriber.selectors);
        if (needsSvids && isWorthWaiting(update, isFirst, wakeup)) {
          if (isFirst) this.#options.log.info('Waiting for SVID to get cached');
          this.#onDemand();
          continue;
        }
        isFirst = false;
        yield update;
      }
    } finally {
      signal.removeEventListener('abort', wakeToEnd);
      this.#subscribers.delete(subscriber);
      this.#subscriberIndex.delete(subscriber);
    }
  }

  #compose(selectors: SelectorSet): WorkloadUpdate {
    const nowMs = this.#options.clock.nowMs();
    const records = this.#matching(selectors);
    const identities: Identity[] = [];
    for (const record of records) {
      record.lastAccessMs = nowMs;
      if (isServable(record.svid, nowMs)) identities.push({ entry: record.entry, svid: record.svid });
    }
    const entries = records.map((record) => record.entry);
    const federatedBundles = this.#bundles.select(entries.flatMap(({ federatesWith }) => federatesWith));
    return { entries, identities, bundle: this.#bundles.own, federatedBundles };
  }

  #matching(selectors: SelectorSet): CacheRecord[] {
    return [...this.#recordIndex.subsetsOf(selectors)].sort(compareEntries);
  }

  #isMissingSvids(selectors: SelectorSet): boolean {
    const nowMs = this.#options.clock.nowMs();
    for (const record of this.#recordIndex.subsetsOf(selectors)) if (!isServable(record.svid, nowMs)) return true;
    return false;
  }

  #recordsInUse(): ReadonlySet<CacheRecord> {
    const inUse = new Set<CacheRecord>();
    for (const { needsSvids, selectors } of this.#subscribers) {
      if (needsSvids) for (const record of this.#recordIndex.subsetsOf(selectors)) inUse.add(record);
    }
    return inUse;
  }

  #replace(record: CacheRecord, entry: AuthorizedEntry, changedDomains: ReadonlySet<string>): void {
    const before = record.entry;
    if (before !== entry) {
      this.#recordIndex.delete(record);
      this.#notify(record.selectors);
      record.entry = entry;
      record.selectors = selectorSet(entry.selectors);
      if (!before.spiffeId.equals(entry.spiffeId)) this.#dropSvid(record);
      this.#recordIndex.add(record);
      this.#options.log.debug('Entry updated', { entry: entry.id, spiffe_id: entry.spiffeId });
    }
    if (before !== entry || entry.federatesWith.some((domain) => changedDomains.has(domain.name))) {
      this.#notify(record.selectors);
    }
  }

  #insert(entry: AuthorizedEntry): void {
    const selectors = selectorSet(entry.selectors);
    const record = { id: entry.id, entry, selectors, svid: undefined, lastAccessMs: Number.NEGATIVE_INFINITY };
    this.#records.set(entry.id, record);
    this.#recordIndex.add(record);
    this.#notify(selectors);
    this.#options.log.debug('Entry created', {
      entry: entry.id,
      spiffe_id: entry.spiffeId,
      selectors_added: selectors.size,
    });
  }

  #remove(record: CacheRecord): void {
    this.#records.delete(record.id);
    this.#recordIndex.delete(record);
    this.#dropSvid(record);
    this.#notify(record.selectors);
    this.#options.log.debug('Entry removed', { entry: record.id, spiffe_id: record.entry.spiffeId });
  }

  #notify(selectors: SelectorSet): void {
    for (const subscriber of this.#subscriberIndex.supersetsOf(selectors)) subscriber.notify();
  }

  #dropUnusedSvids(): void {
    let surplus = this.#svidCount - this.#maxSvids;
    if (surplus <= 0) return;
    const inUse = this.#recordsInUse();
    const unused = [...this.#records.values()]
      .filter(({ svid }) => svid !== undefined)
      .filter((one) => !inUse.has(one));
    for (const record of unused.sort((a, b) => a.lastAccessMs - b.lastAccessMs)) {
      if (surplus-- <= 0) break;
      this.#dropSvid(record);
      this.#options.log.debug('Removing SVID record', { record_id: record.id });
    }
  }

  #dropSvid(record: CacheRecord): void {
    if (record.svid !== undefined) this.#svidCount--;
    record.svid = undefined;
  }
}

/** An SVID that has ended is none: whoever gets it would only find that out later. */
function isServable(svid: WorkloadSvid | undefined, nowMs: number): svid is WorkloadSvid {
  return svid !== undefined && nowMs <= svid.chain[0].notAfterMs;
}

/**
 * Missing SVIDs hold back the first update until they were asked for, and one that would say that nothing is left until
 * the server has refused: a workload keeps what it has while the server cannot be reached.
 */
function isWorthWaiting(update: WorkloadUpdate, isFirst: boolean, { isSettled, isRefused }: Wakeup): boolean {
  const { length } = update.identities;
  if (length === update.entries.length) return false;
  return isFirst ? !isSettled || length === 0 : !isRefused && length === 0;
}
