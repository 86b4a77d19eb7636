import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ExternalPlugin } from '../../../../src/lib/catalog/external/external-plugin.ts';
import type { ExternalPluginDeps } from '../../../../src/lib/catalog/external/external-plugin-deps.ts';
import { START_TIMEOUT_MS } from '../../../../src/lib/catalog/external/plugin-process.ts';
import type { PluginConfig } from '../../../../src/lib/config/section/plugins.ts';
import { agentStoreService } from '../../../../src/lib/server/hostservice/agent-store.ts';
import { externalNodeAttestor } from '../../../../src/lib/server/plugin/nodeattestor/external/external-node-attestor.ts';
import type { AttestResult } from '../../../../src/lib/server/plugin/nodeattestor/node-attestor.ts';
import { NodeAttestorDefinition } from '../../../../src/lib/wire/gen/spire/plugin/server/nodeattestor/v1/nodeattestor.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { pluginDeps, scriptPlugin } from '../../../support/plugin-program.ts';
import { projectRoot } from '../../../support/programs.ts';
import { MemoryLog } from '../../agent/support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'external-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Long enough for a busy machine; every wait ends with its condition. */
const PATIENT = { timeout: 30_000, interval: 20 };

function odd(...deeds: readonly string[]): PluginConfig {
  return scriptPlugin('NodeAttestor', 'odd', 'test/plugins/odd-plugin.ts', { args: deeds });
}

let scripts = 0;
function script(body: string, fields: Partial<PluginConfig> = {}): PluginConfig {
  const path = join(folder, `plugin-${scripts++}`);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return { ...odd(), cmd: path, args: [], ...fields };
}

const open = (config: PluginConfig, deps: ExternalPluginDeps = pluginDeps()): Promise<ExternalPlugin> =>
  ExternalPlugin.open(config, NodeAttestorDefinition, deps);

function attest(plugin: ExternalPlugin, word: string): Promise<AttestResult> {
  return externalNodeAttestor.adapt(plugin).attest(Buffer.from(word), async () => new Uint8Array(), {});
}

const AGENT = 'spiffe://example.org/spire/agent/odd/1';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that nobody has asked about its end is none.
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a program that is no plugin', () => {
  const launch = 'failed to load plugin "odd": failed to launch plugin: ';

  test.each([
    [
      'ends at once',
      'echo out of order >&2; exit 3',
      'plugin exited before we could connect (exit status 3); its last words: out of order',
    ],
    ['is killed', 'kill -9 $$', 'plugin exited before we could connect (signal: SIGKILL)'],
  ])('is refused if it %s', async (_, body, reason) => {
    await expect(open(script(body))).rejects.toThrow(`${launch}${reason}`);
  });

  test.each([
    ['prints garbage', 'echo hello; sleep 1000', 'Unrecognized remote plugin message: "hello"'],
    ['has another version', "echo '1|2|unix|/x|grpc'; sleep 1000", 'Plugin version: 2, Client versions: [1]'],
    ['speaks another protocol', "echo '1|1|unix|/x|netrpc'; sleep 1000", 'unsupported plugin protocol "netrpc"'],
    ['serves nowhere', `echo '1|1|unix|${'/absent/x'}|grpc'; sleep 1000`, 'no such file or directory'],
  ])('is refused if it %s', async (_, body, reason) => {
    await expect(open(script(body))).rejects.toThrow(reason);
  });

  test('is refused if it is not there, may not be started, or is a folder', async () => {
    const path = join(folder, 'not-executable');
    writeFileSync(path, 'text', { mode: 0o644 });
    mkdirSync(join(folder, 'a-folder'));
    for (const [cmd, reason] of [
      ['absent', 'no such file or directory'],
      ['not-executable', 'permission denied'],
      ['a-folder', 'permission denied'],
    ] as const) {
      await expect(open({ ...odd(), cmd: join(folder, cmd) })).rejects.toThrow(
        `${launch}fork/exec ${join(folder, cmd)}: ${reason}`,
      );
    }
  });

  test('is refused if it says nothing for a minute, and is ended with what it has started', async () => {
    const clock = new ManualClock();
    const pids = join(folder, 'pids');
    const opening = open(script(`sleep 1000 & echo "$$ $!" > ${pids}; wait`), pluginDeps({ clock }));
    const refused = expect(opening).rejects.toThrow(`${launch}timeout while waiting for plugin to start`);
    await vi.waitUntil(() => existsSync(pids) && /\d+ \d+\n/.test(readFileSync(pids, 'utf8')), PATIENT);
    clock.advance(START_TIMEOUT_MS);
    await refused;
    const started = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
    await vi.waitUntil(() => started.every((pid) => !isAlive(pid)), PATIENT);
  });
});

describe('plugin_checksum', () => {
  const checksumOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

  test('lets a program of that content start, also one with an interpreter', async () => {
    const config = odd();
    await using direct = await open({ ...config, checksum: checksumOf(process.execPath) });
    expect(direct.trouble).toBeUndefined();
    const wrapped = script(`exec ${process.execPath} ${config.args.join(' ')}`);
    await using interpreted = await open({ ...wrapped, checksum: checksumOf(wrapped.cmd ?? '') });
    expect(interpreted.trouble).toBeUndefined();
  });

  test.each([
    ['another content', 'a'.repeat(64), 'failed to launch plugin: checksums did not match'],
    ['no hexadecimal', 'z'.repeat(64), 'checksum is not a valid hex string'],
    ['another length', 'abcd', 'expected checksum of length 64; got 4'],
  ])('refuses %s and starts nothing', async (_, checksum, reason) => {
    const trace = join(folder, `trace-${scripts}`);
    await expect(open(script(`touch ${trace}`, { checksum }))).rejects.toThrow(
      `failed to load plugin "odd": ${reason}`,
    );
    expect(existsSync(trace)).toBe(false);
  });

  test('that is missing is told', async () => {
    const log = new MemoryLog();
    await using _plugin = await open(odd(), pluginDeps({ log }));
    expect(log.messages()).toContain('Plugin checksum not configured');
  });
});

describe('a plugin', () => {
  test('is initialized and configured, and unloaded in the end, as in the log of SPIRE; no file is left', async () => {
    const log = new MemoryLog();
    const config = scriptPlugin('NodeAttestor', 'odd', 'test/plugins/odd-plugin.ts', { hcl: 'a = 1' });
    const plugin = await open(config, pluginDeps({ log }));
    await vi.waitUntil(() => log.messages().includes('Configured'), PATIENT);
    expect(log.lines.find(({ message }) => message === 'Configured')?.fields).toMatchObject({
      trust_domain: 'example.org',
      hcl: 'a = 1',
    });
    expect(String((await attest(plugin, AGENT)).agentId)).toBe(AGENT);
    await plugin[Symbol.asyncDispose]();
    expect(log.messages().filter((message) => /plugin/i.test(message))).toEqual([
      'Plugin checksum not configured',
      'starting plugin',
      'Configured plugin',
      'Plugin loaded',
      'Unloading plugin',
      'Plugin deinitialized',
      'plugin process exited',
      'Plugin unloaded',
    ]);
  });

  test('that does not serve its type is refused', async () => {
    await expect(open(odd('no-service'))).rejects.toThrow(
      'failed to bind plugin "odd": no supported plugin interface found in: ["spire.service.common.config.v1.Config"]',
    );
  });

  test('without settings takes none', async () => {
    await using plugin = await open(odd('no-config'));
    expect(plugin.trouble).toBeUndefined();
    const config = { ...odd('no-config'), data: { kind: 'fixed', hcl: 'a = 1' } as const };
    await expect(open(config)).rejects.toThrow(
      'failed to configure plugin "odd": no supported configuration interface found',
    );
  });

  test('that refuses its settings is refused with its own words', async () => {
    await expect(open(odd('refuse-settings'))).rejects.toThrow(
      'failed to configure plugin "odd": rpc error: code = InvalidArgument desc = no such setting',
    );
  });

  test('that hangs in Configure is given up after a minute', async () => {
    const clock = new ManualClock();
    const log = new MemoryLog();
    const opening = open(odd('hang-in-configure'), pluginDeps({ clock, log }));
    const refused = expect(opening).rejects.toThrow(/failed to configure plugin "odd": .*DeadlineExceeded/);
    await vi.waitUntil(() => log.messages().includes('Hanging'), PATIENT);
    // It is told to end then, and waited for too.
    const stop = keepAdvancing(clock);
    await refused;
    stop();
  });

  test('that does not end when it is told to is ended', async () => {
    const clock = new ManualClock();
    const log = new MemoryLog();
    const plugin = await open(odd('hang-at-end', 'ignore-sigterm', 'nested-process'), pluginDeps({ clock, log }));
    await vi.waitUntil(() => log.messages().includes('Started'), PATIENT);
    const nested = Number(log.lines.find(({ message }) => message === 'Started')?.fields['nested']);
    expect(isAlive(nested)).toBe(true);
    const stop = keepAdvancing(clock);
    await plugin[Symbol.asyncDispose]();
    stop();
    expect(log.messages()).toContain('plugin failed to exit gracefully');
    await vi.waitUntil(() => !isAlive(nested), PATIENT);
  });

  test('asks the daemon by the services that it was told of', async () => {
    const log = new MemoryLog();
    const known = 'spiffe://example.org/spire/agent/known';
    const node = { spiffeId: known } as never;
    const hostServices = [agentStoreService({ findNode: async (id) => (String(id) === known ? node : undefined) })];
    await using _plugin = await open(odd('ask-host'), pluginDeps({ log, hostServices }));
    await vi.waitUntil(() => log.messages().includes('Asked the host'), PATIENT);
    expect(log.lines.find(({ message }) => message === 'Asked the host')?.fields).toMatchObject({
      services: 'spire.hostservice.server.agentstore.v1.AgentStore',
      known: 'known',
      unknown: 'no such agent',
    });
  });
});

/** Moves the clock on until it is told to stop. */
function keepAdvancing(clock: ManualClock): () => void {
  const timer = setInterval(() => clock.advance(1_000), 10);
  return () => clearInterval(timer);
}

describe('a plugin that ends by itself', () => {
  test('is reported with how it has ended, fails calls as unavailable, and is started again', async () => {
    const clock = new ManualClock();
    const log = new MemoryLog();
    const exits: string[] = [];
    await using plugin = await open(
      odd(),
      pluginDeps({ clock, log, onExit: ({ name, type }) => exits.push(`${type} ${name}`) }),
    );
    await expect(attest(plugin, 'exit')).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitUntil(() => plugin.trouble !== undefined, PATIENT);
    expect(exits).toEqual(['NodeAttestor odd']);
    expect(log.lines.find(({ message }) => message.startsWith('Plugin has ended by itself'))).toMatchObject({
      level: 'error',
      fields: { reason: 'exit status 7', after: '1s' },
    });
    await expect(attest(plugin, AGENT)).rejects.toMatchObject({
      code: 'unavailable',
      description: 'nodeattestor(odd): the plugin has ended (exit status 7) and is being started again',
    });
    await vi.waitUntil(() => clock.isAwaited(1_000), PATIENT);
    clock.advance(1_000);
    await vi.waitUntil(() => plugin.trouble === undefined, PATIENT);
    expect(String((await attest(plugin, AGENT)).agentId)).toBe(AGENT);
    expect(log.messages()).toContain('Plugin runs again');

    // The second time it is waited for twice as long.
    await expect(attest(plugin, 'exit')).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitUntil(() => plugin.trouble !== undefined && clock.isAwaited(2_000), PATIENT);
  });

  test('is not started again from a file that has another content by then', async () => {
    const clock = new ManualClock();
    const config = script(`exec ${process.execPath} ${odd().args.join(' ')}`);
    const cmd = config.cmd ?? '';
    const checksum = createHash('sha256').update(readFileSync(cmd)).digest('hex');
    await using plugin = await open({ ...config, checksum }, pluginDeps({ clock }));
    writeFileSync(cmd, '#!/bin/sh\n');
    await expect(attest(plugin, 'exit')).rejects.toMatchObject({ code: 'unavailable' });
    await vi.waitUntil(() => plugin.trouble !== undefined && clock.isAwaited(1_000), PATIENT);
    clock.advance(1_000);
    await vi.waitUntil(() => plugin.trouble?.includes('checksums did not match') === true, PATIENT);
  });
});

describe('a plugin and the daemon', () => {
  test('the plugin and its sockets do not outlive a daemon that is killed', async () => {
    const daemon = spawn(process.execPath, ['--input-type=module-typescript', '-e', DAEMON, ...odd().args], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    daemon.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await vi.waitUntil(() => /^plugin \d+$/m.test(said), PATIENT);
    const pid = Number(/^plugin (\d+)$/m.exec(said)?.[1]);
    expect(isAlive(pid)).toBe(true);
    const sockets = /^folder (.+)$/m.exec(said)?.[1] ?? '';
    expect(existsSync(sockets)).toBe(true);
    daemon.kill('SIGKILL');
    await vi.waitUntil(() => !isAlive(pid) && !existsSync(sockets), PATIENT);
  });
});

/** Loads a plugin and says its process ID. */
const DAEMON = `
  const { ExternalPlugin } = await import('./src/lib/catalog/external/external-plugin.ts');
  const { NodeAttestorDefinition } = await import('./src/lib/wire/gen/spire/plugin/server/nodeattestor/v1/nodeattestor.ts');
  const { pluginDeps, scriptPlugin } = await import('./test/support/plugin-program.ts');
  let pid;
  const log = { debug: (message, fields) => (pid = fields?.id ?? pid), info() {}, warn() {}, error() {}, with: () => log };
  await ExternalPlugin.open(scriptPlugin('NodeAttestor', 'odd', 'test/plugins/odd-plugin.ts'), NodeAttestorDefinition, pluginDeps({ log }));
  const { readFileSync } = await import('node:fs');
  console.log('folder ' + /PLUGIN_UNIX_SOCKET_DIR=([^\\0]+)/.exec(readFileSync('/proc/' + pid + '/environ', 'utf8'))?.[1]);
  console.log('plugin ' + pid);
  setInterval(() => {}, 1_000_000);
`;

describe('settings in a file', () => {
  test('are read again when told to, in the words of SPIRE, and not sent when they are the same', async () => {
    const path = join(folder, 'settings.hcl');
    writeFileSync(path, 'a = 1');
    const log = new MemoryLog();
    await using plugin = await open({ ...odd(), data: { kind: 'file', path } }, pluginDeps({ log }));
    const configured = log.lines.find(({ message }) => message === 'Configured plugin');
    expect(configured?.fields).toMatchObject({ reconfigurable: true, hash: expect.stringMatching(/^[0-9a-f]{32}$/) });
    await plugin.reconfigure();
    writeFileSync(path, 'a = 2');
    await plugin.reconfigure();
    rmSync(path);
    await plugin.reconfigure();
    expect(
      log.messages().filter((message) => /(?:C|rec)onfigured? plugin|Plugin.* reconfigured/.test(message)),
    ).toEqual([
      'Configured plugin',
      'Plugin not reconfigured since the config is unchanged',
      'Plugin reconfigured',
      'Failed to reconfigure plugin',
    ]);
    const received = (): unknown[] =>
      log.lines.filter(({ message }) => message === 'Configured').map(({ fields }) => fields['hcl']);
    // What the plugin logs comes by a way of its own.
    await vi.waitUntil(() => received().length === 2, PATIENT);
    expect(received()).toEqual(['a = 1', 'a = 2']);
  });
});
