import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectRoot } from '../../support/programs.ts';

let folder: string;
let port: number;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'server-run-'));
  port = await freePort();
  writeConfig('server.conf');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function writeConfig(name: string, settings = ''): void {
  writeFileSync(
    join(folder, name),
    `server {
      trust_domain = "example.org"
      bind_address = "127.0.0.1"
      bind_port = ${port}
      socket_path = "${folder}/private/api.sock"
      data_dir = "${folder}/data"
      ${settings}
    }
    plugins {
      DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "${folder}/data/datastore.sqlite3" } }
      KeyManager "disk" { plugin_data { keys_path = "${folder}/data/keys.json" } }
      NodeAttestor "join_token" { plugin_data {} }
    }`,
  );
}

interface RunningProgram {
  readonly child: ChildProcess;
  /** Rejects if the program ends before it prints this. */
  until(text: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts `spire-server run` from the sources. */
function start(...args: string[]): RunningProgram {
  const program = join(projectRoot, 'src/main/spire-server.ts');
  const child = spawn(process.execPath, [program, 'run', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(text)) resolve();
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`ended before it said ${text}: ${stdout}${stderr}`)));
    });
  return { child, until, ended };
}

const READY = 'network=unix';

describe('spire-server run', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stops cleanly on %s', async (signal) => {
    const server = start('-config', 'server.conf');
    await server.until(READY);
    server.child.kill(signal);
    const { code, stdout, stderr } = await server.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('msg="Server stopped gracefully"');
    expect(readdirSync(join(folder, 'private'))).toEqual([]);
  });

  test('leaves nothing that others can read, whatever the umask was', async () => {
    const server = start('-config', 'server.conf');
    await server.until(READY);
    for (const name of readdirSync(join(folder, 'data'))) {
      expect(statSync(join(folder, 'data', name)).mode & 0o027, name).toBe(0);
    }
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o750);
  });

  test('is refused beside another server, which goes on', async () => {
    const first = start('-config', 'server.conf');
    await first.until(READY);
    const second = await start('-config', 'server.conf').ended;
    expect(second.code).toBe(1);
    expect(second.stdout).toContain('is in use by another server');
    writeConfig('other.conf', '');
    writeFileSync(
      join(folder, 'other.conf'),
      readFileSync(join(folder, 'other.conf'), 'utf8').replaceAll('/data', '/other-data').replace('api.sock', 'b.sock'),
    );
    const third = await start('-config', 'other.conf').ended;
    expect(third.code).toBe(1);
    expect(third.stdout).toContain(`listen tcp 127.0.0.1:${port}: bind: address already in use`);
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
  });

  test('leaves the data folder of a real SPIRE server as it is', async () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data/keys.json'), '{"keys": {"x509-CA-A": "AAAA"}}', { mode: 0o644 });
    const before = statSync(join(folder, 'data/keys.json'));
    const { code, stdout } = await start('-config', 'server.conf').ended;
    expect(code).toBe(1);
    expect(stdout).toContain('belongs to a SPIRE server');
    expect(readdirSync(join(folder, 'data'))).toEqual(['keys.json']);
    const after = statSync(join(folder, 'data/keys.json'));
    expect([after.mode, after.ctimeMs]).toEqual([before.mode, before.ctimeMs]);
  });

  test('goes on in a fresh log file on SIGUSR2, and does not open a debugger on SIGUSR1', async () => {
    const log = join(folder, 'server.log');
    writeConfig('server.conf', `log_file = "${log}"`);
    const server = start('-config', 'server.conf', '-logFormat', 'json');
    const lineCount = (): number => countLines(log);
    await expect.poll(lineCount, { timeout: 30_000 }).toBeGreaterThan(10);
    await expect.poll(() => readFileSync(log, 'utf8'), { timeout: 30_000 }).toContain('"network":"unix"');
    server.child.kill('SIGUSR1');
    rmSync(log);
    server.child.kill('SIGUSR2');
    await expect.poll(() => readdirSync(folder), { timeout: 30_000 }).toContain('server.log');
    server.child.kill('SIGTERM');
    const { code, stderr } = await server.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '')).toMatchObject({
      level: 'info',
      msg: 'Server stopped gracefully',
    });
  });

  test('takes flags over the file', async () => {
    const server = start('-config', 'server.conf', '-trustDomain', 'flag.example', '-logLevel', 'debug');
    await server.until('spiffe://flag.example/spire/server');
  });
});

function countLines(path: string): number {
  try {
    return readFileSync(path, 'utf8').split('\n').length;
  } catch {
    return 0;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
