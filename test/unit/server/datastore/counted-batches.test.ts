import { describe, expect, test } from 'vitest';
import { countDataStore } from '../../../../src/lib/server/datastore/counted-datastore.ts';
import { openSqliteDataStore } from '../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { RecordedMetrics } from '../../telemetry/recorded-metrics.ts';
import { makeEntry } from './samples.ts';

describe('batches of a counted datastore', () => {
  test('count each of their items under its own status', async () => {
    const clock = new ManualClock();
    const metrics = new RecordedMetrics();
    await using plain = await openSqliteDataStore({ path: ':memory:', clock });
    const { entries } = countDataStore(plain, { metrics, clock });
    await entries.createEntries(['/a', '/b', '/c'].map((path) => makeEntry({ path, id: path.slice(1) })));
    await entries.updateEntries([
      { entry: makeEntry({ id: 'absent' }) },
      { entry: makeEntry({ id: 'a', path: '/a' }) },
    ]);
    await entries.deleteEntries(['a', 'absent']);
    expect(await entries.countEntries({})).toBe(2);
    const counted = metrics.all
      .filter(({ kind }) => kind === 'counter')
      .map(({ name, labels, value }) => [name, labels['status'], value]);
    expect(counted).toEqual([
      ['datastore.registration_entry.create', 'OK', 3],
      ['datastore.registration_entry.update', 'NotFound', 1],
      ['datastore.registration_entry.update', 'OK', 1],
      ['datastore.registration_entry.delete', 'OK', 1],
      ['datastore.registration_entry.delete', 'NotFound', 1],
      ['datastore.registration_entry.count', 'OK', 1],
    ]);
  });

  test('without metrics the datastore is itself', async () => {
    const clock = new ManualClock();
    await using plain = await openSqliteDataStore({ path: ':memory:', clock });
    expect(countDataStore(plain, { metrics: NO_METRICS, clock })).toBe(plain);
  });
});
