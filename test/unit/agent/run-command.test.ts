import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { systemClock } from '../../../src/lib/runtime/clock.ts';
import { SpiffeWorkloadAPIDefinition } from '../../../src/lib/wire/gen/workload.ts';
import { projectRoot } from '../../support/programs.ts';
import { StandInServer } from './stand-in-server.ts';
import { TestFolder } from './support.ts';

let folder: TestFolder;
let server: StandInServer;
beforeEach(async () => {
  folder = new TestFolder();
  server = await StandInServer.open({ clock: systemClock });
  server.put({ id: 'web' });
  writeFileSync(folder.file('bundle.pem'), server.bundlePem);
  writeFileSync(
    folder.file('agent.conf'),
    `agent {
      data_dir = "${folder.file('data')}"
      trust_domain = "example.org"
      server_address = "127.0.0.1"
      server_port = ${server.port}
      socket_path = "${folder.file('pub/api.sock')}"
      admin_socket_path = "${folder.file('adm/admin.sock')}"
      trust_bundle_path = "${folder.file('bundle.pem')}"
    }
    plugins {
      NodeAttestor "join_token" { plugin_data {} }
      KeyManager "disk" { plugin_data { directory = "${folder.file('data')}" } }
      WorkloadAttestor "unix" { plugin_data {} }
    }`,
  );
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** The program, with all that it prints. */
class Run implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly exitCode: Promise<number | null>;
  readonly #child: ChildProcess;
  #onOutput: () => void = () => {};

  constructor(...args: readonly string[]) {
    const program = `${projectRoot}/src/main/spire-agent.ts`;
    this.#child = spawn(process.execPath, [program, 'run', ...args], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#onOutput();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exitCode = once(this.#child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  }

  /** Resolves when the log holds this text, or the program has ended. */
  async until(text: string): Promise<void> {
    while (!this.stdout.includes(text)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onOutput = resolve;
      const hasEnded = await Promise.race([promise.then(() => false), this.exitCode.then(() => true)]);
      if (hasEnded) return;
    }
  }

  stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}

describe('spire-agent run', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('serves workloads until %s, and ends well', async (signal) => {
    await using run = new Run('-config', folder.file('agent.conf'), '-joinToken', 'token');
    await run.until('Starting Admin APIs');
    expect(statSync(folder.file('pub')).mode & 0o777).toBe(0o755);
    expect(statSync(folder.file('adm')).mode & 0o777).toBe(0o750);
    await using client = new RpcClient({ kind: 'unix', path: folder.file('pub/api.sock') });
    const metadata = { 'workload.spiffe.io': 'true' };
    for await (const { svids } of client.serverStream(SpiffeWorkloadAPIDefinition, 'fetchX509SVID', {}, { metadata })) {
      expect(svids.map(({ spiffeId }) => spiffeId)).toEqual(['spiffe://example.org/web']);
      break;
    }
    expect([await run.stop(signal), run.stderr]).toEqual([0, '']);
    expect(run.stdout).toMatch(/level=info msg="Agent stopped gracefully"\n$/);
    expect(() => statSync(folder.file('pub/api.sock'))).toThrow();
  });

  test('ends well also when it is told to stop while it starts', async () => {
    await using run = new Run('-config', folder.file('agent.conf'), '-joinToken', 'wrong');
    await run.until('Failed to retrieve attestation result');
    expect(await run.stop('SIGTERM')).toBe(0);
  });

  test('writes its log as SPIRE does, the narrowed umask first', async () => {
    await using run = new Run('-config', folder.file('agent.conf'), '-joinToken', 'token', '-logFormat', 'json');
    await run.until('Starting Admin APIs');
    await run.stop('SIGTERM');
    const lines = run.stdout
      .trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect(lines.every((line) => 'time' in line && 'level' in line && 'msg' in line)).toBe(true);
    expect(lines.map((line) => line['msg'])).toEqual(
      expect.arrayContaining(['Starting agent', 'Node attestation was successful', 'Catalog closed']),
    );
  });

  test('fails when it cannot attest', async () => {
    await using run = new Run('-config', folder.file('agent.conf'));
    expect(await run.exitCode).toBe(1);
    expect(run.stdout).toContain('level=error msg="Agent crashed" error="rpc error: code = InvalidArgument');
    expect(run.stdout).toContain('join token was not provided');
  });

  test('refuses to share a socket', async () => {
    await using first = new Run('-config', folder.file('agent.conf'), '-joinToken', 'token');
    await first.until('Starting Admin APIs');
    await using second = new Run('-config', folder.file('agent.conf'));
    expect(await second.exitCode).toBe(1);
    expect(second.stdout).toContain('address already in use');
  });

  test('names a configuration file that is missing', async () => {
    await using run = new Run('-config', 'absent.conf');
    expect([await run.exitCode, run.stdout]).toEqual([1, '']);
    expect(run.stderr).toBe(`could not find config file ${folder.file('absent.conf')}: please use the -config flag\n`);
  });

  test('refuses a flag that it does not know', async () => {
    await using run = new Run('-bogus');
    expect(await run.exitCode).toBe(1);
    expect(run.stderr).toContain('flag provided but not defined: -bogus\nUsage of run:\n');
  });
});
