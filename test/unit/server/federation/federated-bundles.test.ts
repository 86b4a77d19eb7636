import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpirekitError } from '../../../../src/lib/runtime/errors.ts';
import { FairQueue } from '../../../../src/lib/runtime/fair-queue.ts';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import type { FederationRelationship } from '../../../../src/lib/server/datastore/federation-store.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import type { RefreshOutcome } from '../../../../src/lib/server/federation/bundle-refresher.ts';
import { FederatedBundles } from '../../../../src/lib/server/federation/federated-bundles.ts';
import { emptyAuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle.ts';
import { SpiffeId } from '../../../../src/lib/spiffe/spiffe-id.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { RecordedMetrics } from '../../telemetry/recorded-metrics.ts';

const web = (name: string, path = ''): FederationRelationship => ({
  trustDomain: TrustDomain.parse(name),
  bundleEndpointUrl: `https://${name}/${path}`,
  profile: { kind: 'https_web' },
});

const outcome = (relationship: FederationRelationship, changes: Partial<RefreshOutcome> = {}): RefreshOutcome => ({
  bundle: { ...emptyAuthorityBundle(relationship.trustDomain), refreshHintSeconds: 400 },
  isNew: false,
  ...changes,
});

describe('federated bundles', () => {
  let clock: ManualClock;
  let store: DataStore;
  let metrics: RecordedMetrics;
  let managed: FederatedBundles;
  /** Addresses that were asked, in order. */
  let asked: string[];
  let answer: (relationship: FederationRelationship, signal: AbortSignal) => Promise<RefreshOutcome>;

  beforeEach(async () => {
    clock = new ManualClock();
    store = await openSqliteDataStore({ path: ':memory:', clock });
    metrics = new RecordedMetrics();
    asked = [];
    answer = (relationship) => Promise.resolve(outcome(relationship));
  });
  afterEach(async () => {
    await managed[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
    await store[Symbol.asyncDispose]();
  });

  async function open(...configured: FederationRelationship[]): Promise<void> {
    managed = await FederatedBundles.open({
      configured,
      federation: store.federation,
      changes: store.changes,
      refresher: {
        refresh: (relationship, signal) => {
          asked.push(relationship.bundleEndpointUrl);
          return answer(relationship, signal);
        },
      },
      turns: new FairQueue(2),
      clock,
      log: silentLogger,
      metrics,
    });
  }

  const statusOf = (name: string) =>
    managed.domains.find(({ relationship }) => relationship.trustDomain.name === name)?.status;
  const settled = (count: number): Promise<void> => expect.poll(() => asked.length).toBe(count);

  test('are those of the configuration and of the API; the configuration comes first', async () => {
    await store.federation.createFederationRelationship(web('a.org'));
    await store.federation.createFederationRelationship(web('b.org'));
    await open(web('a.org', 'configured'), web('c.org'));
    await settled(3);
    expect(asked.toSorted()).toEqual(['https://a.org/configured', 'https://b.org/', 'https://c.org/']);
    expect(
      managed.domains.map(({ isConfigured, relationship }) => [relationship.trustDomain.name, isConfigured]),
    ).toEqual([
      ['a.org', true],
      ['b.org', false],
      ['c.org', true],
    ]);
  });

  test('are fetched from the moment a relationship is made, from elsewhere when it changes, and no more when it goes', async () => {
    await open();
    await store.federation.createFederationRelationship(web('a.org'));
    await settled(1);
    await expect.poll(() => clock.isAwaited(100_000)).toBe(true);
    await store.federation.updateFederationRelationship(TrustDomain.parse('a.org'), web('a.org', 'moved'));
    await settled(2);
    expect(asked).toEqual(['https://a.org/', 'https://a.org/moved']);
    await store.federation.deleteFederationRelationship(TrustDomain.parse('a.org'));
    await expect.poll(() => managed.domains).toEqual([]);
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(200_000);
    expect(asked).toHaveLength(2);
  });

  test('are looked for again in time, and sooner on demand', async () => {
    await open(web('a.org'));
    await settled(1);
    await expect.poll(() => clock.isAwaited(100_000)).toBe(true);
    clock.advance(99_999);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await settled(2);
    await managed.refresh(TrustDomain.parse('a.org'));
    expect(asked).toHaveLength(3);
    expect(statusOf('a.org')).toEqual({
      lastAttemptMs: clock.nowMs(),
      lastSuccessMs: clock.nowMs(),
      nextAttemptMs: clock.nowMs() + 100_000,
      error: undefined,
    });
  });

  test('are not fetched for a trust domain that is not federated', async () => {
    await open();
    await expect(managed.refresh(TrustDomain.parse('absent.org'))).rejects.toMatchObject({
      code: 'not-found',
      message: 'no relationship with trust domain "absent.org"',
    });
  });

  test('say why one could not be fetched, go on with the others, and recover by themselves', async () => {
    const error = new SpirekitError('unavailable', 'dial tcp a.org:443: connection refused');
    answer = (relationship) =>
      Promise.resolve(
        relationship.trustDomain.name === 'a.org'
          ? outcome(relationship, { bundle: undefined, error })
          : outcome(relationship, { isNew: true }),
      );
    await open(web('a.org'), web('b.org'));
    await settled(2);
    await expect.poll(() => statusOf('a.org')?.error).toBe(error);
    expect(statusOf('a.org')?.lastSuccessMs).toBeUndefined();
    expect(statusOf('b.org')).toMatchObject({ error: undefined, lastSuccessMs: clock.nowMs() });
    await expect(managed.refresh(TrustDomain.parse('a.org'))).rejects.toThrow(error.message);
    answer = (relationship) => Promise.resolve(outcome(relationship, { isNew: true }));
    clock.advance(60_000);
    await settled(4);
    await expect.poll(() => statusOf('a.org')?.error).toBeUndefined();
  });

  test('are counted under SPIRE’s names', async () => {
    const error = new SpirekitError('unauthenticated', 'unexpected ID');
    answer = (relationship) => Promise.resolve(outcome(relationship, { error }));
    await open(web('a.org'));
    await settled(1);
    answer = (relationship) => Promise.resolve(outcome(relationship, { isNew: true }));
    await managed.refresh(TrustDomain.parse('a.org'));
    const counted = metrics.all.filter(({ kind }) => kind === 'counter');
    expect(counted.map(({ name, labels }) => ({ name, ...labels }))).toEqual([
      { name: 'bundle_manager.fetch.federated_bundle', status: 'Unauthenticated', trust_domain_id: 'a.org' },
      { name: 'bundle_manager.fetch.federated_bundle', status: 'OK', trust_domain_id: 'a.org' },
      { name: 'bundle_manager.update.federated_bundle', trust_domain_id: 'a.org' },
    ]);
  });

  test('give up a fetch whose relationship changes meanwhile', async () => {
    const signals: AbortSignal[] = [];
    answer = (relationship, signal) => {
      signals.push(signal);
      if (relationship.bundleEndpointUrl.endsWith('moved')) return Promise.resolve(outcome(relationship));
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    await open();
    await store.federation.createFederationRelationship(web('a.org'));
    await settled(1);
    const waiting = managed.refresh(TrustDomain.parse('a.org'));
    await store.federation.updateFederationRelationship(TrustDomain.parse('a.org'), web('a.org', 'moved'));
    await settled(2);
    expect(signals[0]?.aborted).toBe(true);
    await waiting;
    expect(asked.at(-1)).toBe('https://a.org/moved');
  });

  test('share a refresh that waits, however many ask for it', async () => {
    const hold = Promise.withResolvers<void>();
    answer = async (relationship) => {
      await hold.promise;
      return outcome(relationship);
    };
    await open(web('a.org'));
    await settled(1);
    const all = Promise.all(Array.from({ length: 50 }, () => managed.refresh(TrustDomain.parse('a.org'))));
    hold.resolve();
    await all;
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  test('wait for their turn, so that slow endpoints take only so many connections', async () => {
    let running = 0;
    let most = 0;
    const hold = Promise.withResolvers<void>();
    answer = async (relationship) => {
      running += 1;
      most = Math.max(most, running);
      await hold.promise;
      running -= 1;
      return outcome(relationship);
    };
    await open(...['a.org', 'b.org', 'c.org', 'd.org'].map((name) => web(name)));
    await settled(2);
    hold.resolve();
    await settled(4);
    expect(most).toBe(2);
  });

  test('are fetched at once when the bundle is set by which an endpoint is recognised', async () => {
    const error = new SpirekitError('failed-precondition', 'local copy of bundle not found');
    answer = (relationship) => Promise.resolve(outcome(relationship, { bundle: undefined, error }));
    const endpointSpiffeId = SpiffeId.parse('spiffe://a.org/bundle');
    await open({ ...web('a.org'), profile: { kind: 'https_spiffe', endpointSpiffeId } }, web('b.org'));
    await settled(2);
    await expect.poll(() => statusOf('a.org')?.error).toBe(error);
    await store.bundles.setBundle(emptyAuthorityBundle(TrustDomain.parse('a.org')));
    await settled(3);
    expect(asked.at(-1)).toBe('https://a.org/');
  });

  test('find relationships that another server made in the same datastore', async () => {
    const deaf = { ...store.federation, listFederationRelationships: () => listing() };
    let items: FederationRelationship[] = [];
    const listing = () => Promise.resolve({ items, nextToken: '' });
    managed = await FederatedBundles.open({
      configured: [],
      federation: deaf,
      changes: { subscribe: () => () => undefined },
      refresher: {
        refresh: (relationship) => {
          asked.push(relationship.bundleEndpointUrl);
          return Promise.resolve(outcome(relationship));
        },
      },
      turns: new FairQueue(2),
      clock,
      log: silentLogger,
      metrics,
    });
    items = [web('a.org')];
    clock.advance(10_000);
    await settled(1);
  });

  test('F16: are looked for soon after a sleep of the machine in which they would have been', async () => {
    await open(web('a.org'));
    await settled(1);
    await expect.poll(() => clock.isAwaited(100_000)).toBe(true);
    clock.suspend(99_000);
    clock.advance(10_000);
    await settled(2);
    await expect.poll(() => clock.isAwaited(100_000)).toBe(true);
    clock.advance(10_000);
    await expect.poll(() => clock.isAwaited(10_000)).toBe(true);
    expect(asked).toHaveLength(2);
  });

  test('stay as they are while the datastore is away', async () => {
    await open(web('a.org'));
    await settled(1);
    await store[Symbol.asyncDispose]();
    clock.advance(10_000);
    await managed.refresh(TrustDomain.parse('a.org'));
    expect(managed.domains).toHaveLength(1);
  });
});
