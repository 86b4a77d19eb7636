import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RpcClient } from '../../src/lib/rpc/client.ts';
import { BundleDefinition } from '../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { Deployment } from '../support/deployment.ts';
import { Attacker, type Target } from '../support/hostile/attacker.ts';
import { CONNECTION_ATTACKS, FRAME_ATTACKS } from '../support/hostile/attacks.ts';
import { sizeOf, whyNoSizes } from '../support/process-size.ts';
import { NOBODY, whyNoOtherUsers } from '../support/programs.ts';
import { identities, untilIdentity } from '../support/workload-caller.ts';

const runAttack = fileURLToPath(new URL('../support/hostile/run-attack.ts', import.meta.url));

/** More than all attacks together may leave behind in a daemon: their traffic is many times as much. */
const MOST_KEPT_MIB = 256;

let deployment: Deployment;

beforeAll(async () => {
  deployment = await Deployment.open();
  await deployment.startAgent();
  const uid = process.geteuid?.();
  await deployment.createEntry('/honest', [`unix:uid:${uid}`]);
  await untilIdentity(deployment.agentSocket, 'spiffe://example.org/honest');
}, 120_000);

afterAll(() => deployment?.[Symbol.asyncDispose]());

/** One call of an honest caller on a connection of its own. */
async function askAgent(): Promise<void> {
  await using client = new RpcClient({ kind: 'unix', path: deployment.agentSocket });
  expect(await identities(client)).toEqual(['spiffe://example.org/honest']);
}

async function askServer(): Promise<void> {
  const tls = { verifyServer: () => {} };
  await using client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port: deployment.port, tls });
  const bundle = await client.unary(BundleDefinition, 'getBundle', { outputMask: undefined });
  expect(bundle.trustDomain).toBe('example.org');
}

/** Waits until the daemon has no more files open than before. */
async function untilClosed(pid: number, descriptors: number): Promise<void> {
  while (sizeOf(pid).descriptors > descriptors) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.each(['agent', 'server'] as const)('the %s survives, and serves others, when', (which) => {
  const attacks = [...FRAME_ATTACKS, ...CONNECTION_ATTACKS].map((attack) => [attack.name, attack] as const);

  it.for(attacks)('%s', { timeout: 120_000 }, async ([, attack], { skip }) => {
    const obstacle = whyNoSizes();
    if (obstacle !== undefined) return skip(obstacle);
    const target: Target =
      which === 'agent' ? { kind: 'unix', path: deployment.agentSocket } : { kind: 'tls', port: deployment.port };
    const pid = which === 'agent' ? deployment.agentPid : deployment.serverPid;
    const ask = which === 'agent' ? askAgent : askServer;
    if (pid === undefined) throw new Error(`no ${which} runs`);
    await ask();
    const before = sizeOf(pid);
    {
      using attacker = new Attacker(target);
      await attack.run(attacker, 0.2);
      await ask();
    }
    await untilClosed(pid, before.descriptors);
    await ask();
    expect(sizeOf(pid).rssMiB - before.rssMiB).toBeLessThan(MOST_KEPT_MIB);
  });
});

describe('the public socket of an agent', () => {
  it('takes connections of others while one user opens as many as he gets', { timeout: 120_000 }, async ({ skip }) => {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skip(obstacle);
    const pid = deployment.agentPid ?? 0;
    const before = sizeOf(pid).descriptors;
    const target = JSON.stringify({ kind: 'unix', path: deployment.agentSocket } satisfies Target);
    const args = [runAttack, 'one user opens as many connections as he gets', '33', target];
    const hog = spawn(process.execPath, args, {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await once(createInterface(hog.stdout), 'line');
      // Each takes two files. Those over the limit are closed when they are taken, which may be a moment later.
      await untilClosed(pid, before + 2 * 2048 + 50);
      expect(sizeOf(pid).descriptors).toBeGreaterThan(before + 200);
      await Promise.all(Array.from({ length: 50 }, askAgent));
    } finally {
      hog.kill('SIGKILL');
      await once(hog, 'exit');
    }
  });
});

describe('10,000 connects', () => {
  it('0.12.1: leave no descriptor and no connection behind', { timeout: 120_000 }, async ({ skip }) => {
    const obstacle = whyNoSizes();
    if (obstacle !== undefined) return skip(obstacle);
    const pid = deployment.agentPid ?? 0;
    const before = sizeOf(pid).descriptors;
    for (let round = 0; round < 100; round += 1) {
      const sockets = Array.from({ length: 100 }, () => connect(deployment.agentSocket));
      await Promise.all(sockets.map(abort));
    }
    // Those that wait to be taken may still fill the queue.
    while (!(await isTaken(deployment.agentSocket))) await new Promise((resolve) => setTimeout(resolve, 20));
    await untilClosed(pid, before);
    await askAgent();
  });
});

function isTaken(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** Hangs up as soon as it is connected. */
function abort(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  socket.once('connect', () => socket.destroy());
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
