import { expect, test } from 'vitest';
import { MetricFilter } from '../../../../src/lib/telemetry/metric-filter.ts';
import { PrometheusMetrics } from '../../../../src/lib/telemetry/prometheus/prometheus-metrics.ts';

function newMetrics(blockedPrefixes: readonly string[] = []): PrometheusMetrics {
  return new PrometheusMetrics({
    prefix: 'spire_server',
    commonLabels: { host: 'my-host' },
    filter: new MetricFilter({ allowedPrefixes: [], blockedPrefixes, allowedLabels: [], blockedLabels: [] }),
  });
}

/** The lines of SPIRE's metrics, without Node's own. */
async function shown(metrics: PrometheusMetrics): Promise<string[]> {
  return (await metrics.show()).split('\n').filter((line) => line.startsWith('spire_'));
}

test('shows counters, gauges and samples under one name each, labels cleaned as SPIRE cleans them', async () => {
  const metrics = newMetrics();
  metrics.incrementCounter(['svid', 'rotate'], { status: 'OK' });
  metrics.incrementCounter(['svid', 'rotate'], { status: 'OK' }, 2);
  metrics.incrementCounter(['svid', 'rotate'], { status: 'NotFound' });
  metrics.setGauge(['started'], 1, { trust_domain_id: 'example.org', version: 'spirekit-0.1.0' });
  for (const value of [1, 2, 3]) metrics.addSample(['svid', 'rotate', 'elapsed_time'], value);
  expect(await shown(metrics)).toEqual([
    'spire_server_svid_rotate{status="OK",host="my_host"} 3',
    'spire_server_svid_rotate{status="NotFound",host="my_host"} 1',
    'spire_server_started{trust_domain_id="example_org",version="spirekit_0_1_0",host="my_host"} 1',
    'spire_server_svid_rotate_elapsed_time{quantile="0.5",host="my_host"} 2',
    'spire_server_svid_rotate_elapsed_time{quantile="0.9",host="my_host"} 3',
    'spire_server_svid_rotate_elapsed_time{quantile="0.99",host="my_host"} 3',
    'spire_server_svid_rotate_elapsed_time_sum{host="my_host"} 6',
    'spire_server_svid_rotate_elapsed_time_count{host="my_host"} 3',
  ]);
});

test('shows what Node tells of its process', async () => {
  const text = await newMetrics().show();
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
});

test('leaves out what the filter blocks', async () => {
  const metrics = newMetrics(['spire_server.rpc']);
  metrics.incrementCounter(['rpc', 'a']);
  metrics.setGauge(['rpc', 'b'], 1);
  metrics.addSample(['rpc', 'c'], 1);
  expect(await shown(metrics)).toEqual([]);
});

test('two daemons in one process have metrics of their own', async () => {
  const [one, other] = [newMetrics(), newMetrics()];
  one.incrementCounter(['a']);
  other.incrementCounter(['a'], {}, 5);
  expect(await shown(one)).toEqual(['spire_server_a{host="my_host"} 1']);
  expect(await shown(other)).toEqual(['spire_server_a{host="my_host"} 5']);
});
