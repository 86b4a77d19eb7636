import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ProcessPeerAttestor } from '../../../../src/lib/agent/attestor/workload/peer-attestation.ts';
import { WorkloadAttestation } from '../../../../src/lib/agent/attestor/workload/workload-attestation.ts';
import type { WorkloadAttestor } from '../../../../src/lib/agent/plugin/workloadattestor/workload-attestor.ts';
import type { UnixPeer } from '../../../../src/lib/rpc/call-context.ts';
import { RpcServer } from '../../../../src/lib/rpc/server.ts';
import { formatSelector, parseSelector } from '../../../../src/lib/spiffe/selector.ts';
import { UnixWorkloadAttestor } from '../../../../src/lib/unixprocess/unix-workload-attestor.ts';
import { HealthDefinition } from '../../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { noCounters } from '../../../support/no-counters.ts';
import { projectRoot, whyNoOtherUsers } from '../../../support/programs.ts';
import { MemoryLog, rejection, TestFolder } from '../support.ts';

const isRoot = process.getuid?.() === 0;

function attestorOf(name: string, answer: readonly string[] | Error): WorkloadAttestor {
  return {
    name,
    async attest() {
      if (answer instanceof Error) throw answer;
      return answer.map(parseSelector);
    },
  };
}

function self(overrides: Partial<UnixPeer> = {}): UnixPeer {
  const { uid, gid } = statSync('/proc/self');
  return { kind: 'unix', pid: process.pid, uid, gid, isAlive: () => true, ...overrides };
}

describe('WorkloadAttestation', () => {
  test('puts together what all attestors know', async () => {
    const attestors = [attestorOf('a', ['a:1', 'a:2']), attestorOf('b', ['b:1'])];
    const selectors = await new WorkloadAttestation({ attestors, counters: noCounters, log: new MemoryLog() }).attest(
      1,
    );
    expect(selectors.map(formatSelector)).toEqual(['a:1', 'a:2', 'b:1']);
  });

  test('goes on without those that fail, and says so', async () => {
    const log = new MemoryLog();
    const attestors = [attestorOf('a', new Error('broken')), attestorOf('b', ['b:1'])];
    expect(await new WorkloadAttestation({ attestors, counters: noCounters, log }).attest(1)).toHaveLength(1);
    expect(log.messages()).toEqual(['workload attestor "a" failed']);
  });

  test('takes the failure of all for no answer, not for a workload without identity', async () => {
    const attestors = [attestorOf('a', new Error('broken')), attestorOf('b', new Error('broken too'))];
    await expect(
      new WorkloadAttestation({ attestors, counters: noCounters, log: new MemoryLog() }).attest(1),
    ).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  test('gives up when told to', async () => {
    const attestors = [attestorOf('a', ['a:1'])];
    const signal = AbortSignal.abort();
    await expect(
      new WorkloadAttestation({ attestors, counters: noCounters, log: new MemoryLog() }).attest(1, { signal }),
    ).rejects.toMatchObject({ code: 'canceled' });
  });
});

describe('ProcessPeerAttestor', () => {
  const attestation = new WorkloadAttestation({
    attestors: [attestorOf('a', ['a:1'])],
    counters: noCounters,
    log: new MemoryLog(),
  });
  const attestor = new ProcessPeerAttestor(attestation);

  test('gives the selectors of a living process of the right user', async () => {
    expect(await attestor.attest(self())).toHaveLength(1);
  });

  test.each([
    ['a process id of 0', self({ pid: 0 })],
    ['a process that has ended since', self({ isAlive: () => false })],
    ['a process of another user', self({ uid: 12_345 })],
    ['a process of another group', self({ gid: 12_345 })],
    ['a process that is not there', self({ pid: 0x7fff_ffff })],
    ['a caller over the network', { kind: 'tls' as const, certificates: [], address: '::1', port: 1 }],
  ])('denies %s', async (_, peer) => {
    expect(await rejection(attestor.attest(peer))).toMatchObject({ code: 'unauthenticated' });
  });

  test('asks whether the process lives only after it was looked at', async () => {
    const order: string[] = [];
    const looking: WorkloadAttestor = {
      name: 'a',
      async attest() {
        order.push('look');
        return [];
      },
    };
    const attestation = new WorkloadAttestation({ attestors: [looking], counters: noCounters, log: new MemoryLog() });
    const isAlive = (): boolean => order.push('ask') > 0;
    await new ProcessPeerAttestor(attestation).attest(self({ isAlive }));
    expect(order).toEqual(['look', 'ask']);
  });

  test.each([
    [['unix:uid:0'], 'the user'],
    [['unix:gid:0'], 'the group'],
  ])('denies a process that was seen as %j, when it connected as another: not %s of the caller', async (found) => {
    using folder = new TestFolder();
    mkdirSync(folder.file('42'));
    const { uid, gid } = statSync(folder.file('42'));
    const seenAs = (selectors: readonly string[]): ProcessPeerAttestor =>
      new ProcessPeerAttestor(
        new WorkloadAttestation({
          attestors: [attestorOf('unix', selectors)],
          counters: noCounters,
          log: new MemoryLog(),
        }),
        folder.path,
      );
    const peer = self({ pid: 42, uid, gid });
    const own = [`unix:uid:${uid}`, `unix:gid:${gid}`, 'unix:supplementary_gid:0', 'unix:user:uid:7'];
    expect(await seenAs(own).attest(peer)).toHaveLength(own.length);
    const others = found.map((selector) => selector.replace(/0$/, String(uid + gid + 1)));
    expect(await rejection(seenAs(others).attest(peer))).toMatchObject({ code: 'unauthenticated' });
  });

  test('denies a process that has become another user', async ({ skip }) => {
    if (!isRoot) return skip('only root can become another user');
    using folder = new TestFolder();
    mkdirSync(folder.file('42'));
    chownSync(folder.file('42'), 1000, 1000);
    const attestor = new ProcessPeerAttestor(attestation, folder.path);
    expect(await attestor.attest(self({ pid: 42, uid: 1000, gid: 1000 }))).toHaveLength(1);
    chownSync(folder.file('42'), 0, 0);
    expect(await rejection(attestor.attest(self({ pid: 42, uid: 1000, gid: 1000 })))).toMatchObject({
      code: 'unauthenticated',
    });
  });
});

/** A process of another user that connects, asks and stays until its input ends. */
const CALLER = `
  import { RpcClient } from ${JSON.stringify(`${projectRoot}/src/lib/rpc/client.ts`)};
  import { HealthDefinition } from ${JSON.stringify(`${projectRoot}/src/lib/wire/gen/grpc/health/v1/health.ts`)};
  const client = new RpcClient({ kind: 'unix', path: process.argv[1] });
  await client.unary(HealthDefinition, 'check', { service: '' });
  await client.close();
`;

describe('processes of several users at one socket', () => {
  test('are each attested as what they are', async ({ skip }) => {
    const obstacle = await whyNoOtherUsers();
    if (obstacle !== undefined) return skip(obstacle);
    using folder = new TestFolder();
    const attestation = new WorkloadAttestation({
      attestors: [new UnixWorkloadAttestor()],
      counters: noCounters,
      log: new MemoryLog(),
    });
    const attestor = new ProcessPeerAttestor(attestation);
    const seen = new Map<number, string[]>();
    await using server = new RpcServer();
    server.addService(HealthDefinition, {
      async check(_request, { peer }) {
        if (peer.kind === 'unix') seen.set(peer.pid, (await attestor.attest(peer)).map(formatSelector));
        return { status: 1 };
      },
    });
    await server.listenUnix({ path: folder.file('s'), socketMode: 0o777 });
    // The folder of a test is private to its user.
    chmodSync(folder.path, 0o755);
    const uids = [0, 1001, 65_534, 1001, 0];
    const children = uids.map((uid): ChildProcess => {
      const args = ['--input-type=module', '-e', CALLER, folder.file('s')];
      return spawn(process.execPath, args, { uid, gid: uid, stdio: ['ignore', 'ignore', 'inherit'] });
    });
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
    expect(codes).toEqual(uids.map(() => 0));
    for (const [index, { pid }] of children.entries()) {
      expect(seen.get(pid ?? -1)).toEqual(
        expect.arrayContaining([`unix:uid:${uids[index]}`, `unix:gid:${uids[index]}`]),
      );
    }
  });
});
