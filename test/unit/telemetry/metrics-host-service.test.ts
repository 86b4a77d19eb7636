import { expect, test } from 'vitest';
import type { CallContext } from '../../../src/lib/rpc/call-context.ts';
import type { MetricKey, MetricLabels, Metrics } from '../../../src/lib/telemetry/metrics.ts';
import { metricsHostService } from '../../../src/lib/telemetry/metrics-host-service.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const CALL = {} as CallContext;

class Recorder implements Metrics {
  readonly seen: string[] = [];

  incrementCounter(key: MetricKey, labels: MetricLabels = {}, by = 1): void {
    this.seen.push(`counter ${key.join('.')} ${JSON.stringify(labels)} ${by}`);
  }

  setGauge(key: MetricKey, value: number, labels: MetricLabels = {}): void {
    this.seen.push(`gauge ${key.join('.')} ${JSON.stringify(labels)} ${value}`);
  }

  addSample(key: MetricKey, value: number, labels: MetricLabels = {}): void {
    this.seen.push(`sample ${key.join('.')} ${JSON.stringify(labels)} ${value}`);
  }
}

test("counts and measures for plugins among the daemon's metrics", async () => {
  const [metrics, clock] = [new Recorder(), new ManualClock(1_000)];
  const service = metricsHostService({ metrics, clock });
  const labels = [{ name: 'a', value: 'b' }];
  await service.incrCounter?.({ key: ['p', 'told'], val: 2, labels }, CALL);
  await service.setGauge?.({ key: ['p', 'level'], val: 1.5, labels: [] }, CALL);
  await service.addSample?.({ key: ['p', 'size'], val: 3, labels: [] }, CALL);
  await service.measureSince?.({ key: ['p', 'took'], time: 400_000_000n, labels: [] }, CALL);
  await service.emitKey?.({ key: ['p', 'key'], val: 1 }, CALL);
  expect(metrics.seen).toEqual([
    'counter p.told {"a":"b"} 2',
    'gauge p.level {} 1.5',
    'sample p.size {} 3',
    'sample p.took {} 600',
  ]);
});

test('leaves out what is named oddly, and what would be one series too many', async () => {
  const metrics = new Recorder();
  const service = metricsHostService({ metrics, clock: new ManualClock() });
  for (const key of [[], ['with space'], ['x'.repeat(65)], Array.from({ length: 17 }, () => 'x')]) {
    await service.incrCounter?.({ key, val: 1, labels: [] }, CALL);
  }
  await service.incrCounter?.({ key: ['down'], val: -1, labels: [] }, CALL);
  await service.incrCounter?.({ key: ['x'], val: 1, labels: [{ name: 'odd name', value: '' }] }, CALL);
  expect(metrics.seen).toEqual([]);
  for (let n = 0; n < 2_000; n++) {
    await service.incrCounter?.({ key: ['many'], val: 1, labels: [{ name: 'n', value: String(n) }] }, CALL);
  }
  expect(metrics.seen.length).toBeGreaterThan(900);
  expect(metrics.seen.length).toBeLessThanOrEqual(1_000);
  const before = metrics.seen.length;
  await service.incrCounter?.({ key: ['many'], val: 1, labels: [{ name: 'n', value: '0' }] }, CALL);
  expect(metrics.seen).toHaveLength(before + 1);
});
