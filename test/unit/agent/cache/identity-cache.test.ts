import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AuthorizedEntry } from '../../../../src/lib/agent/cache/authorized-entry.ts';
import { IdentityCache } from '../../../../src/lib/agent/cache/identity-cache.ts';
import type { WorkloadSvid, WorkloadUpdate } from '../../../../src/lib/agent/cache/workload-update.ts';
import { generateKey } from '../../../../src/lib/crypto/key.ts';
import { Bundle } from '../../../../src/lib/spiffe/bundle.ts';
import { parseSelector } from '../../../../src/lib/spiffe/selector.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { makeCa, makeSvid } from '../certificates.ts';
import { entry, entryMap, MemoryLog, settle, TRUST_DOMAIN } from '../support.ts';

const ROOT = [parseSelector('unix:uid:0'), parseSelector('unix:gid:0')];
const OWN = new Bundle(TRUST_DOMAIN);

let svidFor: (entry: AuthorizedEntry, rotateAtMs?: number) => WorkloadSvid;
let longLived: (entry: AuthorizedEntry) => WorkloadSvid;
beforeAll(async () => {
  const privateKey = await generateKey('ec-p256');
  const ca = await makeCa(0);
  const common = { uri: 'spiffe://example.org/any', publicKey: privateKey, notBeforeMs: 0 };
  const leaf = await makeSvid(ca, { ...common, notAfterMs: 3_600_000 });
  const longLeaf = await makeSvid(ca, { ...common, notAfterMs: 7_200_000 });
  longLived = (entry) => ({ ...svidFor(entry), chain: [longLeaf] });
  svidFor = ({ revisionNumber, createdAtSeconds }, rotateAtMs = Number.POSITIVE_INFINITY) => ({
    chain: [leaf],
    privateKey,
    rotateAt: { wallMs: rotateAtMs, monotonicMs: rotateAtMs },
    revisionNumber,
    createdAtSeconds,
  });
});

let cache: IdentityCache;
let log: MemoryLog;
let clock: ManualClock;
let demands: number;
function open(maxSvids = 0): void {
  clock = new ManualClock(0);
  log = new MemoryLog();
  cache = new IdentityCache({ bundle: OWN, maxSvids, clock, log });
  demands = 0;
  cache.onDemand(() => demands++);
}
beforeEach(() => open());

function put(entries: readonly AuthorizedEntry[], bundles: readonly Bundle[] = [OWN]): void {
  cache.updateEntries({
    entries: entryMap(...entries),
    bundles: new Map(bundles.map((bundle) => [bundle.trustDomain.name, bundle])),
  });
}

function sign(...entries: readonly AuthorizedEntry[]): void {
  cache.updateSvids(new Map(entries.map((one) => [one.id, svidFor(one)])));
}

/** A workload that collects what it is told. */
class Workload implements AsyncDisposable {
  readonly updates: WorkloadUpdate[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(options: { readonly needsSvids?: boolean; readonly selectors?: typeof ROOT } = {}) {
    const { needsSvids = true, selectors = ROOT } = options;
    this.#done = this.#collect(cache.subscribe(selectors, { needsSvids, signal: this.#stop.signal }));
  }

  /** The ids of the identities in each update. */
  get seen(): string[][] {
    return this.updates.map(({ identities }) => identities.map((one) => one.entry.id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #collect(updates: AsyncIterable<WorkloadUpdate>): Promise<void> {
    for await (const update of updates) this.updates.push(update);
  }
}

describe('the entries that a workload matches', () => {
  test('are those whose selectors it has all of, in order of their ids', () => {
    put([
      entry({ id: 'b', selectors: ['unix:uid:0'] }),
      entry({ id: 'a', selectors: ['unix:uid:0', 'unix:gid:0'] }),
      entry({ id: 'other', selectors: ['unix:uid:1'] }),
      entry({ id: 'too-much', selectors: ['unix:uid:0', 'unix:user:root'] }),
    ]);
    expect(cache.matchingEntries(ROOT).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('F31: change with the selectors of an entry', () => {
    put([entry({ id: 'a', selectors: ['unix:uid:0'] })]);
    put([entry({ id: 'a', selectors: ['unix:uid:1'], revisionNumber: 1n })]);
    expect(cache.matchingEntries(ROOT)).toEqual([]);
    expect(cache.matchingEntries([parseSelector('unix:uid:1')])).toHaveLength(1);
  });
});

describe('a workload that is subscribed', () => {
  test('is told at once that it has no identity', async () => {
    await using workload = new Workload();
    await settle();
    expect(workload.seen).toEqual([[]]);
    expect(demands).toBe(0);
  });

  test('waits for all of its SVIDs before the first update, and has them asked for', async () => {
    const [a, b] = [entry({ id: 'a' }), entry({ id: 'b' })];
    put([a, b]);
    sign(a);
    await using workload = new Workload();
    await settle();
    expect(workload.seen).toEqual([]);
    expect(demands).toBeGreaterThan(0);
    expect(log.messages()).toContain('Waiting for SVID to get cached');
    sign(b);
    await settle();
    expect(workload.seen).toEqual([['a', 'b']]);
  });

  test('gets those that there are when the server refused the others', async () => {
    const [a, b] = [entry({ id: 'a' }), entry({ id: 'b' })];
    put([a, b]);
    sign(a);
    await using workload = new Workload();
    await settle();
    cache.settle({ isRefused: true });
    await settle();
    expect(workload.seen).toEqual([['a']]);
  });

  test('goes on waiting while the server gives none at all', async () => {
    put([entry({ id: 'a' })]);
    await using workload = new Workload();
    await settle();
    cache.settle({ isRefused: true });
    await settle();
    expect(workload.seen).toEqual([]);
  });

  test('is told of a renewed SVID', async () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    await using workload = new Workload();
    await settle();
    sign(a);
    await settle();
    expect(workload.seen).toEqual([['a'], ['a']]);
  });

  test('F24: is told when it loses its last identity', async () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    await using workload = new Workload();
    await settle();
    put([]);
    await settle();
    expect(workload.seen).toEqual([['a'], []]);
  });

  test('keeps its stream while one entry replaces another', async () => {
    const [a, b] = [entry({ id: 'a' }), entry({ id: 'b' })];
    put([a]);
    sign(a);
    await using workload = new Workload();
    await settle();
    put([b]);
    await settle();
    expect(workload.seen).toEqual([['a']]);
    sign(b);
    await settle();
    expect(workload.seen).toEqual([['a'], ['b']]);
  });

  test('is cut off all the same when the server does not sign for the new entry, but not while it cannot be asked', async () => {
    const [a, b] = [entry({ id: 'a' }), entry({ id: 'b' })];
    put([a]);
    sign(a);
    await using workload = new Workload();
    await settle();
    put([b]);
    await settle();
    cache.settle({ isRefused: false });
    await settle();
    expect(workload.seen).toEqual([['a']]);
    cache.settle({ isRefused: true });
    await settle();
    expect(workload.seen).toEqual([['a'], []]);
  });

  test('never gets an SVID of an ID that its entry had before', async () => {
    const a = entry({ id: 'a', spiffeId: 'spiffe://example.org/old' });
    put([a]);
    sign(a);
    put([entry({ id: 'a', spiffeId: 'spiffe://example.org/new', revisionNumber: 1n })]);
    expect(cache.currentUpdate(ROOT).identities).toEqual([]);
  });

  test('F7: never gets an SVID that has ended, and keeps its stream until there is a new one', async () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    await using workload = new Workload();
    await settle();
    clock.advance(3_600_000);
    expect(cache.currentUpdate(ROOT).identities).toHaveLength(1);
    expect(cache.hasServableSvid).toBe(true);
    clock.advance(1);
    expect(cache.currentUpdate(ROOT).identities).toEqual([]);
    expect(cache.hasServableSvid).toBe(false);
    await using late = new Workload();
    cache.settle({ isRefused: false });
    await settle();
    expect(workload.seen).toEqual([['a']]);
    expect(late.seen).toEqual([]);
    expect(demands).toBeGreaterThan(0);
    cache.updateSvids(new Map([['a', longLived(a)]]));
    await settle();
    expect(workload.seen).toEqual([['a'], ['a']]);
    expect(late.seen).toEqual([['a']]);
  });

  test('sees only the newest state however much it missed', async () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    await using workload = new Workload();
    await settle();
    for (let round = 0; round < 5; round++) sign(a);
    await settle();
    expect(workload.seen).toHaveLength(2);
  });

  test('is left alone by what concerns others', async () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    await using workload = new Workload();
    await settle();
    put([a, entry({ id: 'b', selectors: ['unix:uid:7'] })]);
    await settle();
    expect(workload.updates).toHaveLength(1);
  });

  test('needs no SVIDs for bundles', async () => {
    put([entry({ id: 'a' })]);
    await using workload = new Workload({ needsSvids: false });
    await settle();
    expect(workload.updates.map(({ entries }) => entries.length)).toEqual([1]);
    expect(demands).toBe(0);
  });

  test('is no longer waited for when it has gone', async () => {
    const a = entry({ id: 'a', disableX509SvidPrefetch: true });
    put([a]);
    {
      await using _workload = new Workload();
      await settle();
      expect(cache.staleEntries()).toHaveLength(1);
    }
    expect(cache.staleEntries()).toEqual([]);
  });
});

describe('bundles', () => {
  const federated = new Bundle(TrustDomain.parse('far.org'));

  test('go to workloads whose entries federate with the trust domain', () => {
    put(
      [entry({ id: 'a', federatesWith: ['far.org'] }), entry({ id: 'b', selectors: ['unix:uid:7'] })],
      [OWN, federated],
    );
    expect([...cache.currentUpdate(ROOT).federatedBundles.keys()]).toEqual(['far.org']);
    expect(cache.currentUpdate([parseSelector('unix:uid:7')]).federatedBundles.size).toBe(0);
  });

  test('that change wake those workloads', async () => {
    const a = entry({ id: 'a', federatesWith: ['far.org'] });
    put([a], [OWN, federated]);
    sign(a);
    await using workload = new Workload();
    await settle();
    put([a], [OWN, new Bundle(federated.trustDomain)]);
    await settle();
    put([a], [OWN]);
    await settle();
    expect(workload.updates.map(({ federatedBundles }) => federatedBundles.size)).toEqual([1, 1, 0]);
  });

  test('of the own trust domain wake everybody', async () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    await using workload = new Workload();
    await using stranger = new Workload({ selectors: [], needsSvids: false });
    await settle();
    const next = new Bundle(TRUST_DOMAIN);
    put([a], [next]);
    await settle();
    expect(workload.updates.map(({ bundle }) => bundle)).toEqual([OWN, next]);
    expect(stranger.updates.map(({ bundle }) => bundle)).toEqual([OWN, next]);
  });

  test('of the own trust domain stay when the server leaves them out', () => {
    put([], []);
    expect(cache.bundle).toBe(OWN);
  });
});

describe('SVIDs that are due', () => {
  test('are those past their time and those of another revision', () => {
    const [fresh, old, changed] = [entry({ id: 'fresh' }), entry({ id: 'old' }), entry({ id: 'changed' })];
    put([fresh, old, changed]);
    cache.updateSvids(
      new Map([
        ['fresh', svidFor(fresh, 1000)],
        ['old', svidFor(old, 10)],
        ['changed', svidFor(changed, 1000)],
      ]),
    );
    clock.advance(10);
    put([fresh, old, entry({ id: 'changed', revisionNumber: 1n })]);
    expect(
      cache
        .staleEntries()
        .map((stale) => stale.entry.id)
        .sort(),
    ).toEqual(['changed', 'old']);
    expect(cache.staleEntries().every(({ expiresAtMs }) => expiresAtMs === 3_600_000)).toBe(true);
  });

  test('F30: are replaced when an entry was deleted and made again under the same id', () => {
    const first = entry({ id: 'a', createdAtSeconds: 1n });
    put([first]);
    sign(first);
    put([entry({ id: 'a', createdAtSeconds: 2n })]);
    expect(cache.staleEntries()).toHaveLength(1);
  });

  test('come with those first that workloads wait for', async () => {
    put([entry({ id: 'ahead', selectors: ['unix:uid:9'] }), entry({ id: 'wanted' })]);
    await using _workload = new Workload();
    await settle();
    expect(cache.staleEntries().map((stale) => stale.entry.id)).toEqual(['wanted', 'ahead']);
  });

  test('are made ahead only as far as there is room', () => {
    open(2);
    put(['a', 'b', 'c'].map((id) => entry({ id })));
    expect(cache.staleEntries()).toHaveLength(2);
  });

  test('are not made ahead where the entry says so', () => {
    put([entry({ id: 'a', disableX509SvidPrefetch: true })]);
    expect(cache.staleEntries()).toEqual([]);
  });

  test('can be declared so, and are served until they are replaced', () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    expect(cache.expireSvids(() => true)).toBe(1);
    expect(cache.staleEntries()).toHaveLength(1);
    expect(cache.currentUpdate(ROOT).identities).toHaveLength(1);
  });
});

describe('the bound on SVIDs', () => {
  test('drops those first that were longest unused', () => {
    open(2);
    const entries = ['a', 'b', 'c'].map((id) => entry({ id, selectors: [`unix:uid:${id}`] }));
    put(entries);
    sign(...entries);
    clock.advance(1);
    cache.currentUpdate([parseSelector('unix:uid:a')]);
    clock.advance(1);
    cache.currentUpdate([parseSelector('unix:uid:c')]);
    put(entries);
    expect(cache.svidCount).toBe(2);
    expect(cache.currentUpdate([parseSelector('unix:uid:b')]).identities).toEqual([]);
  });

  test('holds also where workloads share selectors with entries that they do not match', async () => {
    open(1);
    const entries = ['a', 'b', 'c'].map((id) => entry({ id, selectors: ['unix:uid:0', `unix:path:${id}`] }));
    put(entries);
    sign(...entries);
    await using _workload = new Workload();
    await settle();
    put(entries);
    expect(cache.svidCount).toBe(1);
  });

  test('spares those that workloads are subscribed to', async () => {
    open(1);
    const entries = ['a', 'b'].map((id) => entry({ id }));
    put(entries);
    sign(...entries);
    await using _workload = new Workload();
    await settle();
    put(entries);
    expect(cache.svidCount).toBe(2);
  });

  test('counts what goes with its entry', () => {
    const a = entry({ id: 'a' });
    put([a]);
    sign(a);
    put([]);
    sign(a);
    expect(cache.svidCount).toBe(0);
  });
});
