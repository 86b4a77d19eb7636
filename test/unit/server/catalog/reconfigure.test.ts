import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PluginConfig } from '../../../../src/lib/config/section/plugins.ts';
import { ServerCatalog } from '../../../../src/lib/server/catalog/server-catalog.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { MemoryLog } from '../../agent/support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'catalog-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function plugin(type: string, name: string, data: PluginConfig['data']): PluginConfig {
  return { type, name, isEnabled: true, cmd: undefined, args: [], checksum: undefined, data };
}

test('node attestors with settings in a file are made anew when told to; the others say that they are not', async () => {
  const log = new MemoryLog();
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('x509pop.hcl'), 'mode = "spiffe"');
  writeFileSync(file('keys.hcl'), `keys_path = "${file('keys.json')}"`);
  const database = `database_type = "sqlite3"\nconnection_string = "${file('db.sqlite3')}"`;
  await using catalog = await ServerCatalog.open({
    plugins: [
      plugin('DataStore', 'sql', { kind: 'fixed', hcl: database }),
      plugin('KeyManager', 'disk', { kind: 'file', path: file('keys.hcl') }),
      plugin('NodeAttestor', 'x509pop', { kind: 'file', path: file('x509pop.hcl') }),
    ],
    trustDomain: TrustDomain.parse('example.org'),
    clock: new ManualClock(),
    metrics: NO_METRICS,
    log,
    env: {},
  });
  const first = catalog.findNodeAttestor('x509pop');
  await catalog.reconfigure();
  expect(catalog.findNodeAttestor('x509pop')).toBe(first);
  writeFileSync(file('x509pop.hcl'), 'mode = "spiffe"\nsvid_prefix = "/other"');
  await catalog.reconfigure();
  const second = catalog.findNodeAttestor('x509pop');
  expect(second).not.toBe(first);
  expect(second?.name).toBe('x509pop');
  writeFileSync(file('x509pop.hcl'), 'mode = "nonsense"');
  await Promise.all([catalog.reconfigure(), catalog.reconfigure()]);
  expect(catalog.findNodeAttestor('x509pop')).toBe(second);
  const told = log.lines.filter(
    ({ message, fields }) => /onfigured|signal/.test(message) && fields['plugin_name'] !== 'sql',
  );
  expect(told.map(({ message, fields }) => `${fields['plugin_name'] ?? ''} ${message}`.trim())).toEqual([
    'Configured DataStore',
    'disk Configured plugin',
    'x509pop Configured plugin',
    'Reconfigure signal received',
    'disk Plugin not reconfigured: it reads its settings at start only',
    'x509pop Plugin not reconfigured since the config is unchanged',
    'Reconfigure signal received',
    'disk Plugin not reconfigured: it reads its settings at start only',
    'x509pop Plugin reconfigured',
    'Reconfigure signal received',
    'Reconfigure signal received',
    'disk Plugin not reconfigured: it reads its settings at start only',
    'disk Plugin not reconfigured: it reads its settings at start only',
  ]);
  expect(log.lines.filter(({ message }) => message === 'Failed to reconfigure plugin')).toHaveLength(2);
});
