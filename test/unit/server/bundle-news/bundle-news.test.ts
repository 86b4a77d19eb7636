import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../src/lib/runtime/logger.ts';
import { BundleNews, type BundleNewsDeps } from '../../../../src/lib/server/bundle-news/bundle-news.ts';
import type { DataStore } from '../../../../src/lib/server/datastore/datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import type { BundlePublisher } from '../../../../src/lib/server/plugin/bundlepublisher/bundle-publisher.ts';
import type { Notifier } from '../../../../src/lib/server/plugin/notifier/notifier.ts';
import type { AuthorityBundle } from '../../../../src/lib/spiffe/authority-bundle.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { sampleBundle } from '../plugin/bundlepublisher/sample-bundle.ts';

/** Takes bundles, or fails, or hangs, as told; remembers the numbers of those it was given. */
class Place implements BundlePublisher, Notifier {
  readonly name = 'place';
  readonly got: string[] = [];
  mood: 'takes' | 'fails' | 'hangs' = 'takes';

  publishBundle(bundle: AuthorityBundle): Promise<void> {
    return this.#take(`${bundle.sequenceNumber}`);
  }

  notifyBundleUpdated(bundle: AuthorityBundle): Promise<void> {
    return this.#take(`updated ${bundle.sequenceNumber}`);
  }

  notifyBundleLoaded(bundle: AuthorityBundle): Promise<void> {
    return this.#take(`loaded ${bundle.sequenceNumber}`);
  }

  async #take(what: string): Promise<void> {
    this.got.push(what);
    if (this.mood === 'fails') throw new Error('no room');
    if (this.mood === 'hangs') await new Promise(() => undefined);
  }
}

const clock = new ManualClock();
let datastore: DataStore;
let place: Place;
let other: Place;
let first: AuthorityBundle;
beforeEach(async () => {
  datastore = await openSqliteDataStore({ path: ':memory:', clock });
  [place, other] = [new Place(), new Place()];
  first = await datastore.bundles.setBundle(await sampleBundle(1n));
});
afterEach(() => datastore[Symbol.asyncDispose]());

const open = (deps: Partial<BundleNewsDeps>): Promise<BundleNews> =>
  BundleNews.open({
    trustDomain: first.trustDomain,
    publishers: [],
    notifiers: [],
    bundles: datastore.bundles,
    changes: datastore.changes,
    clock,
    log: silentLogger,
    metrics: NO_METRICS,
    ...deps,
  });

/** Lets everything happen that is under way without the clock. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const change = async (sequenceNumber: bigint): Promise<void> => {
  await datastore.bundles.setBundle({ ...first, sequenceNumber });
  await turns();
};

describe('the bundle', () => {
  test('is published at the start and with each change, and not again without one', async () => {
    await using _ = await open({ publishers: [place] });
    await turns();
    await change(2n);
    clock.advance(300_000);
    await turns();
    expect(place.got).toEqual(['1', '2']);
  });

  test('is published when its taint changes but not its number', async () => {
    await using _ = await open({ publishers: [place] });
    await turns();
    await datastore.bundles.setBundle({
      ...first,
      x509Authorities: first.x509Authorities.map((authority) => ({ ...authority, tainted: true })),
    });
    await turns();
    expect(place.got).toEqual(['1', '1']);
  });

  test('of another trust domain is no news', async () => {
    await using _ = await open({ publishers: [place] });
    await turns();
    const { TrustDomain } = await import('../../../../src/lib/spiffe/trust-domain.ts');
    await datastore.bundles.setBundle({ ...first, trustDomain: TrustDomain.parse('other.org'), sequenceNumber: 9n });
    await turns();
    expect(place.got).toEqual(['1']);
  });

  test('is published again after a failure, at growing intervals, until it succeeds', async () => {
    place.mood = 'fails';
    await using _ = await open({ publishers: [place] });
    await turns();
    for (const [ms, count] of [
      [999, 1],
      [1, 2],
      [1_999, 2],
      [1, 3],
    ] as const) {
      clock.advance(ms);
      await turns();
      expect(place.got).toHaveLength(count);
    }
    place.mood = 'takes';
    clock.advance(4_000);
    await turns();
    clock.advance(600_000);
    await turns();
    expect(place.got).toHaveLength(4);
  });

  test('that is newer does not wait for the next attempt with the older one, which is never published again', async () => {
    place.mood = 'fails';
    await using _ = await open({ publishers: [place] });
    await turns();
    place.mood = 'takes';
    await change(2n);
    clock.advance(600_000);
    await turns();
    expect(place.got).toEqual(['1', '2']);
  });

  test('comes to the others while one place hangs, and to that one after a minute', async () => {
    place.mood = 'hangs';
    await using _ = await open({ publishers: [place, other] });
    await turns();
    await change(2n);
    expect(other.got).toEqual(['1', '2']);
    place.mood = 'takes';
    clock.advance(60_000);
    await turns();
    clock.advance(1_000);
    await turns();
    expect(place.got).toEqual(['1', '2']);
  });

  test('is looked for now and then, since another server may have changed it', async () => {
    const silent = { subscribe: () => () => undefined };
    await using _ = await open({ publishers: [place], changes: silent });
    await turns();
    await change(2n);
    expect(place.got).toEqual(['1']);
    clock.advance(30_000);
    await turns();
    expect(place.got).toEqual(['1', '2']);
  });

  test('goes nowhere any more once the server stops, even if a place hangs', async () => {
    place.mood = 'hangs';
    const news = await open({ publishers: [place] });
    await turns();
    await news[Symbol.asyncDispose]();
    await change(2n);
    clock.advance(600_000);
    await turns();
    expect(place.got).toEqual(['1']);
  });
});

describe('notifiers', () => {
  test('are told that the bundle was loaded before the server goes on, then of changes', async () => {
    await using _ = await open({ notifiers: [place] });
    expect(place.got).toEqual(['loaded 1']);
    await turns();
    await change(2n);
    expect(place.got).toEqual(['loaded 1', 'updated 2']);
  });

  test('end the start when they refuse', async () => {
    place.mood = 'fails';
    await expect(open({ notifiers: [other, place] })).rejects.toMatchObject({
      code: 'failed-precondition',
      message: 'one or more notifiers returned an error: no room',
    });
  });

  test('that fail later are told again', async () => {
    await using _ = await open({ notifiers: [place] });
    place.mood = 'fails';
    await change(2n);
    place.mood = 'takes';
    clock.advance(1_000);
    await turns();
    expect(place.got).toEqual(['loaded 1', 'updated 2', 'updated 2']);
  });
});
