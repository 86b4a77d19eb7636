import { describe, expect, test } from 'vitest';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { countCall } from '../../../src/lib/telemetry/call-counter.ts';
import { countMethods } from '../../../src/lib/telemetry/counted-methods.ts';
import { NO_METRICS } from '../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { RecordedMetrics } from './recorded-metrics.ts';

describe('a call counter', () => {
  test('counts a call that went well, and its milliseconds', async () => {
    const metrics = new RecordedMetrics();
    const clock = new ManualClock();
    const work = async (): Promise<string> => {
      clock.advance(12);
      return 'done';
    };
    expect(await countCall({ metrics, clock }, ['svid', 'rotate'], work, { kind: 'a' })).toBe('done');
    const labels = { kind: 'a', status: 'OK' };
    expect(metrics.all).toEqual([
      { kind: 'counter', name: 'svid.rotate', labels, value: 1 },
      { kind: 'sample', name: 'svid.rotate.elapsed_time', labels, value: 12 },
    ]);
  });

  test.each([
    [new SpirekitError('not-found', 'x'), 'NotFound'],
    [new SpirekitError('already-exists', 'x'), 'AlreadyExists'],
    [new TypeError('x'), 'Internal'],
  ])('counts a failure under its gRPC code: %s', async (error, status) => {
    const metrics = new RecordedMetrics();
    const counted = countCall({ metrics, clock: new ManualClock() }, ['a'], () => Promise.reject(error));
    await expect(counted).rejects.toBe(error);
    expect(metrics.all.map(({ labels }) => labels)).toEqual([{ status }, { status }]);
  });

  test('counts work that throws at once', async () => {
    const metrics = new RecordedMetrics();
    const work = (): never => {
      throw new SpirekitError('internal', 'x');
    };
    await expect(countCall({ metrics, clock: new ManualClock() }, ['a'], work)).rejects.toThrow('x');
    expect(metrics.all).toHaveLength(2);
  });
});

describe('counted methods', () => {
  class Store {
    readonly #held = new Map([['a', 1]]);
    readonly name = 'store';

    async find(key: string): Promise<number | undefined> {
      return this.#held.get(key);
    }

    async drop(key: string): Promise<boolean> {
      return this.#held.delete(key);
    }

    get size(): number {
      return this.#held.size;
    }
  }

  test('are those that have a name; all others work as before, private members too', async () => {
    const metrics = new RecordedMetrics();
    const store = countMethods(new Store(), { find: ['store', 'find'] }, { metrics, clock: new ManualClock() });
    expect(await store.find('a')).toBe(1);
    expect(await store.drop('a')).toBe(true);
    expect(store.size).toBe(0);
    expect(store.name).toBe('store');
    expect(metrics.all.map(({ name }) => name)).toEqual(['store.find', 'store.find.elapsed_time']);
  });

  test('cost nothing without metrics', () => {
    const store = new Store();
    expect(countMethods(store, { find: ['a'] }, { metrics: NO_METRICS, clock: new ManualClock() })).toBe(store);
  });
});
