import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { Catalog } from '../../../../src/lib/agent/catalog/catalog.ts';
import { KEY_MANAGERS } from '../../../../src/lib/agent/catalog/key-manager.ts';
import { NODE_ATTESTORS } from '../../../../src/lib/agent/catalog/node-attestor.ts';
import { WORKLOAD_ATTESTORS } from '../../../../src/lib/agent/catalog/workload-attestor.ts';
import type { PluginConfig } from '../../../../src/lib/config/section/plugins.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { NO_METRICS } from '../../../../src/lib/telemetry/metrics.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { MemoryLog, TestFolder } from '../support.ts';

const folder = new TestFolder();
afterAll(() => folder[Symbol.dispose]());

function plugin(type: string, name: string, fields: Partial<PluginConfig> = {}): PluginConfig {
  const data = { kind: 'none' } as const;
  return { type, name, isEnabled: true, cmd: undefined, args: [], checksum: undefined, data, ...fields };
}

const hcl = (text: string): Pick<PluginConfig, 'data'> => ({ data: { kind: 'fixed', hcl: text } });
const ATTESTOR = plugin('NodeAttestor', 'join_token');
const KEYS = plugin('KeyManager', 'memory');
const UNIX = plugin('WorkloadAttestor', 'unix');

function open(plugins: readonly PluginConfig[], log = new MemoryLog()): Promise<Catalog> {
  return Catalog.open({
    plugins,
    clock: new ManualClock(),
    log,
    trustDomain: TrustDomain.parse('example.org'),
    metrics: NO_METRICS,
    env: {},
    signal: new AbortController().signal,
  });
}

describe('Catalog', () => {
  test('loads what the configuration names, and tells as SPIRE does', async () => {
    const log = new MemoryLog();
    const catalog = await open([ATTESTOR, KEYS, UNIX], log);
    expect([catalog.nodeAttestor.name, catalog.keyManager.name]).toEqual(['join_token', 'memory']);
    expect(catalog.workloadAttestors.map(({ name }) => name)).toEqual(['unix']);
    await catalog[Symbol.asyncDispose]();
    expect(log.lines.map(({ message, fields }) => `${message} ${fields['plugin_name'] ?? ''}`.trim())).toEqual([
      'Plugin loaded join_token',
      'Plugin loaded memory',
      'Configured plugin unix',
      'Plugin loaded unix',
      'Closing catalog',
      'Plugin unloaded unix',
      'Plugin unloaded memory',
      'Plugin unloaded join_token',
      'Catalog closed',
    ]);
  });

  test('reads settings from the block or from a file', async () => {
    writeFileSync(folder.file('data.hcl'), `directory = "${folder.file('keys')}"`);
    const fromFile = plugin('KeyManager', 'disk', { data: { kind: 'file', path: folder.file('data.hcl') } });
    expect((await open([ATTESTOR, fromFile, UNIX])).keyManager.name).toBe('disk');
    const fromBlock = plugin('KeyManager', 'disk', hcl(`directory = "${folder.file('keys')}"`));
    expect((await open([ATTESTOR, fromBlock, UNIX])).keyManager.name).toBe('disk');
  });

  test('passes over what is disabled', async () => {
    const log = new MemoryLog();
    await open([ATTESTOR, KEYS, UNIX, plugin('WorkloadAttestor', 'k8s', { isEnabled: false })], log);
    expect(log.messages()).toContain('Not loading plugin; disabled');
  });

  test.each([
    ['an unknown type', plugin('Toaster', 'x'), 'unsupported plugin type "Toaster"'],
    ['an unknown name', plugin('WorkloadAttestor', 'k8s'), 'no built-in plugin "k8s" for type "WorkloadAttestor"'],
    [
      'a program that is not there',
      plugin('WorkloadAttestor', 'other', { cmd: '/absent/x' }),
      'failed to load plugin "other": failed to launch plugin: fork/exec /absent/x: no such file or directory',
    ],
    [
      'a program that keeps keys',
      plugin('KeyManager', 'other', { cmd: '/absent/x' }),
      'failed to load plugin "other": an agent needs the key of its SVID in its own process, for TLS',
    ],
    ['an SVID store', plugin('SVIDStore', 'x'), 'SVID stores are not supported'],
    ['a second key manager', KEYS, 'plugin type "KeyManager" constraint not satisfied: expected exactly 1 but got 2'],
    [
      'settings for a plugin that has none',
      plugin('NodeAttestor', 'join_token', hcl('x = 1')),
      'failed to configure plugin "join_token": no supported configuration interface found',
    ],
    [
      'a disk key manager without a directory',
      plugin('KeyManager', 'disk'),
      'failed to configure plugin "disk": directory must be configured',
    ],
    [
      'settings that cannot be read',
      plugin('WorkloadAttestor', 'unix', hcl('discover_workload_path = {')),
      'failed to configure plugin "unix": ',
    ],
    [
      'settings of the wrong kind',
      plugin('WorkloadAttestor', 'unix', hcl('discover_workload_path = "maybe"')),
      'discover_workload_path',
    ],
    ['x509pop without a key', plugin('NodeAttestor', 'x509pop'), 'private_key_path is required'],
    [
      'a file that is missing',
      plugin('WorkloadAttestor', 'unix', { data: { kind: 'file', path: '/absent' } }),
      'failed to load plugin data: ',
    ],
  ])('refuses %s', async (_, config, message) => {
    await expect(open([ATTESTOR, KEYS, UNIX, config])).rejects.toThrow(message);
  });

  test.each([
    [[KEYS, UNIX], 'plugin type "NodeAttestor" constraint not satisfied: expected exactly 1 but got 0'],
    [[ATTESTOR, UNIX], 'plugin type "KeyManager" constraint not satisfied: expected exactly 1 but got 0'],
    [[ATTESTOR, KEYS], 'plugin type "WorkloadAttestor" constraint not satisfied: expected at least 1 but got 0'],
  ])('wants one of each kind', async (plugins, message) => {
    await expect(open(plugins)).rejects.toThrow(message);
  });
});

test('every built-in plugin has the name under which it is configured', async () => {
  const environment = { clock: new ManualClock(), log: new MemoryLog() };
  for (const [name, load] of Object.entries({ ...KEY_MANAGERS, ...NODE_ATTESTORS, ...WORKLOAD_ATTESTORS })) {
    if (name === 'x509pop') continue; // Needs files; see its own test.
    const builtIn = await load();
    const settings = builtIn.isConfigurable ? `directory = "${folder.file('named')}"` : '';
    const opened = await builtIn.open(settings, environment);
    expect(opened.name).toBe(name);
  }
});
