import { describe, expect, test } from 'vitest';
import { MetricFilter, type MetricFilterSettings } from '../../../src/lib/telemetry/metric-filter.ts';

const everything: MetricFilterSettings = {
  allowedPrefixes: [],
  blockedPrefixes: [],
  allowedLabels: [],
  blockedLabels: [],
};

describe('a metric filter', () => {
  test('keeps everything by default', () => {
    const filter = new MetricFilter(everything);
    expect(filter.isKept(['spire_server', 'rpc'])).toBe(true);
    expect(filter.keepLabels({ status: 'OK' })).toEqual({ status: 'OK' });
  });

  test('lets the longest prefix decide', () => {
    const filter = new MetricFilter({
      ...everything,
      blockedPrefixes: ['spire_server.rpc', 'spire_server.rpc.agent.v1.agent.attest'],
      allowedPrefixes: ['spire_server.rpc.agent'],
    });
    expect(filter.isKept(['spire_server', 'rpc', 'entry'])).toBe(false);
    expect(filter.isKept(['spire_server', 'rpc', 'agent', 'v1'])).toBe(true);
    expect(filter.isKept(['spire_server', 'rpc', 'agent', 'v1', 'agent', 'attest_agent'])).toBe(false);
    expect(filter.isKept(['spire_server', 'started'])).toBe(true);
  });

  test('drops blocked labels, and others than the allowed ones', () => {
    const labels = { status: 'OK', host: 'a', attestor: 'unix' };
    expect(new MetricFilter({ ...everything, blockedLabels: ['host'] }).keepLabels(labels)).toEqual({
      status: 'OK',
      attestor: 'unix',
    });
    const both = new MetricFilter({ ...everything, allowedLabels: ['status', 'host'], blockedLabels: ['host'] });
    expect(both.keepLabels(labels)).toEqual({ status: 'OK' });
  });
});
