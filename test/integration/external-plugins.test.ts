import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Deployment } from '../support/deployment.ts';
import { projectRoot } from '../support/programs.ts';

/** Long enough for a busy machine; every wait ends with its condition. */
const PATIENT = { timeout: 60_000, interval: 50 };

let work: string;
let settings: string;
let deployment: Deployment;

function attestor(script: string, ...args: readonly string[]): string {
  const all = [join(projectRoot, 'examples/plugins', script), ...args].map((arg) => JSON.stringify(arg));
  return `NodeAttestor "shared_secret" {
    plugin_cmd = "${process.execPath}"
    plugin_args = [${all.join(', ')}]
    plugin_data_file = "${settings}"
  }`;
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'external-'));
  settings = join(work, 'secret.hcl');
  writeFileSync(join(work, 'secret'), 'known to both');
  writeFileSync(settings, `secret_path = "${join(work, 'secret')}"`);
  deployment = await Deployment.open({
    serverPlugins: attestor('shared-secret-server.ts'),
    agentNodeAttestor: attestor('shared-secret-agent.ts', 'node-7'),
  });
}, 90_000);

afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
});

function logged(...words: readonly string[]): boolean {
  const lines = deployment.log('server').split('\n');
  return lines.some((line) => words.every((word) => line.includes(word)));
}

/** The process that serves the attestor of the server. */
function pluginPid(): number {
  const { serverPid } = deployment;
  const found = readdirSync('/proc').find((name) => {
    try {
      const isChild = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(serverPid);
      return isChild && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('shared-secret-server.ts');
    } catch {
      return false;
    }
  });
  return Number(found);
}

describe('a server with an external plugin', () => {
  test('attests an agent with it', { timeout: 90_000 }, async () => {
    writeFileSync(join(deployment.folder, 'bootstrap.crt'), (await deployment.server('bundle', 'show')).stdout);
    await deployment.startAgent({ token: false });
    const { stdout } = await deployment.server('agent', 'list');
    expect(stdout).toContain('spiffe://example.org/spire/agent/shared_secret/node-7');
  });

  test('hears SIGUSR1, though it is started so that no debugger does', { timeout: 90_000 }, async () => {
    writeFileSync(settings, `secret_path = "${join(work, 'secret')}"\n`);
    process.kill(deployment.serverPid ?? 0, 'SIGUSR1');
    await vi.waitUntil(() => logged('Plugin reconfigured', 'shared_secret', 'new_hash='), PATIENT);
  });

  test('reports that it was killed, and starts it again', { timeout: 90_000 }, async () => {
    const pid = pluginPid();
    process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => logged('level=error', 'Plugin has ended by itself', 'signal: SIGKILL'), PATIENT);
    await vi.waitUntil(() => logged('Plugin runs again', 'shared_secret'), PATIENT);
    expect(pluginPid()).not.toBe(pid);
    expect((await deployment.server('healthcheck')).code).toBe(0);
  });

  test('ends it with itself', { timeout: 90_000 }, async () => {
    const pid = pluginPid();
    expect(await deployment.stopServer()).toBe(0);
    expect(logged('Plugin unloaded', 'shared_secret')).toBe(true);
    expect(logged('plugin failed to exit gracefully')).toBe(false);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
