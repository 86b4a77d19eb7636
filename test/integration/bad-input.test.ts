import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, freePort } from '../support/deployment.ts';
import { ours, run, runUntil } from '../support/programs.ts';

let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.open();
});
afterAll(() => deployment[Symbol.asyncDispose]());

/** Serves a socket whose peer gets what `greet` writes; calls `use` with its path. */
async function withSocket<T>(greet: (socket: Socket) => void, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'spirekit-odd-'));
  const path = join(folder, 'odd.sock');
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    return await use(path);
  } finally {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a configuration of the deployment anew for another folder, which holds everything that it names. */
function moveConfig(name: 'server.conf' | 'agent.conf', folder: string): string {
  const path = join(folder, name);
  const text = readFileSync(join(deployment.folder, name), 'utf8');
  writeFileSync(path, text.replaceAll(deployment.folder, folder));
  return path;
}

/** One line, no stack, exit code 1. */
function expectOneLine(result: { code: number | null; stdout: string; stderr: string }): void {
  expect(result.code).toBe(1);
  expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(result.stderr).not.toMatch(/\n\s+at /);
}

describe('a client', () => {
  it('gives up on a silent socket when its timeout ends', async () => {
    const result = await withSocket(
      () => {},
      (path) => run(ours.agent, ['api', 'fetch', 'x509', '-timeout', '300ms', '-socketPath', path]),
    );
    expectOneLine(result);
  });

  it('says in one line that a socket does not speak gRPC', async () => {
    const result = await withSocket(
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      (path) => run(ours.agent, ['api', 'fetch', 'x509', '-timeout', '2s', '-socketPath', path]),
    );
    expectOneLine(result);
  });
});

describe('a second server', () => {
  it('is refused on the port of the first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-second-'));
    try {
      const result = await run(ours.server, ['run', '-config', moveConfig('server.conf', folder)]);
      expect(result.code).toBe(1);
      expect(result.stdout + result.stderr).toMatch(/address already in use|already/i);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is refused on the data folder of the first', async () => {
    const port = await freePort();
    const result = await run(ours.server, [
      'run',
      '-config',
      join(deployment.folder, 'server.conf'),
      '-socketPath',
      join(deployment.folder, 'second.sock'),
      '-serverPort',
      String(port),
    ]);
    expect(result.code).toBe(1);
    expect((await deployment.server('healthcheck')).code).toBe(0);
  });
});

describe('a join token', () => {
  it('attests one agent and no second one', { timeout: 120_000 }, async () => {
    await deployment.startAgent();
    const listed = await deployment.server('agent', 'count');
    expect(listed.stdout).toContain('1 attested agent');
    const token = /join_token\/(\S+)/.exec((await deployment.server('agent', 'list')).stdout)?.[1];
    expect(token).toBeDefined();
    const folder = mkdtempSync(join(tmpdir(), 'spirekit-thief-'));
    try {
      const config = moveConfig('agent.conf', folder);
      const bundle = join(deployment.folder, 'bootstrap.crt');
      // As SPIRE's, the agent tries again for a while; what it is told the first time is what counts.
      const refusal = /join token does not exist or has already been used/;
      const args = ['run', '-config', config, '-trustBundle', bundle, '-joinToken', token ?? ''];
      expect(await runUntil(ours.agent, args, refusal)).toMatch(refusal);
      expect((await deployment.server('agent', 'count')).stdout).toContain('1 attested agent');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
