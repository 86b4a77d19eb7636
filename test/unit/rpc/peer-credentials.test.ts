import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadSystemCalls, PeerCredentialReader } from '../../../src/lib/rpc/peer-credentials.ts';
import { openStartTimeWatch, parseStartTime } from '../../../src/lib/rpc/process-watch.ts';
import type { UnixPeer } from '../../../src/lib/rpc/server.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { whyNoOtherUsers } from '../../support/programs.ts';
import { rejection, servePair, signalled, TemporaryFolder } from './fixtures.ts';

const caller = fileURLToPath(new URL('./caller.ts', import.meta.url));
const leaveConnection = fileURLToPath(new URL('./leave-connection.ts', import.meta.url));
const obstacle = await whyNoOtherUsers();

describe('PeerCredentialReader', () => {
  it('proves itself and leaves nothing open', async () => {
    await PeerCredentialReader.open();
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 5; i += 1) await PeerCredentialReader.open();
    await eventually(() => readdirSync('/proc/self/fd').length <= before);
  });

  it('refuses a socket that is no unix socket or has no descriptor', async () => {
    const reader = await PeerCredentialReader.open();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
    await once(socket, 'connect');
    const { pid } = reader.read(socket);
    expect(pid).toBe(0);
    socket.destroy();
    expect(() => reader.read(socket)).toThrow('the socket has no file descriptor');
    server.close();
  });
});

describe('the watch of a process that connected', () => {
  /** A kernel whose `SO_PEERPIDFD` fails from the given call on. */
  async function readerWithout(pidfdsFrom: number): Promise<PeerCredentialReader> {
    let asked = 0;
    const calls = await loadSystemCalls();
    return PeerCredentialReader.open(async () => ({
      ...calls,
      getsockopt: (fd, level, name, value, length) =>
        name === 77 && ++asked >= pidfdsFrom ? -1 : calls.getsockopt(fd, level, name, value, length),
    }));
  }

  it.each([
    ['the start time of its id, by a kernel without pidfds', 1, true],
    ['nothing, by a kernel that has pidfds but none for a process that has ended: its id may be anyone else', 2, false],
  ])('goes by %s', async (_, pidfdsFrom, isAlive) => {
    const reader = await readerWithout(pidfdsFrom);
    using folder = new TemporaryFolder();
    const server = createServer().listen(folder.file('s'));
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const client = connect(folder.file('s'));
    const [socket] = await accepted;
    using watch = reader.watch(socket, process.pid);
    expect(watch.isAlive()).toBe(isAlive);
    client.destroy();
    socket.destroy();
    server.close();
  });
});

describe('a unix socket of a server', () => {
  it('tells processes of different users apart, all calling at once', async ({ skip }) => {
    if (obstacle !== undefined) skip(obstacle);
    await using pair = await serveWhoAmI();
    chmodSync(dirname(pair.path), 0o755);
    const uids = [0, 65_533, 65_534, 65_534];
    const run = promisify(execFile);
    const outputs = await Promise.all(
      uids.map((uid) => run(process.execPath, [caller, pair.path, '300'], { uid, gid: uid, cwd: '/' })),
    );
    for (const { stdout } of outputs) {
      const { self, answers } = JSON.parse(stdout);
      expect(answers).toEqual([self]);
    }
    expect(new Set(outputs.map(({ stdout }) => stdout)).size).toBe(uids.length);
  });

  it('lets the owner refuse a process before its first call', async () => {
    const refused: string[] = [];
    using folder = new TemporaryFolder();
    const path = folder.file('other.sock');
    await using pair = await servePair({
      server: { onConnectionError: (error, from) => refused.push(`${String(error)} from ${from}`) },
      health: { check: async () => ({ status: 1 }) },
    });
    await pair.server.listenUnix({
      path,
      socketMode: 0o777,
      onPeer: ({ pid }) => {
        throw new Error(`not you, ${pid}`);
      },
    });
    const socket = connect(path);
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'close');
    expect(refused).toEqual([`Error: not you, ${process.pid} from unix ${path}`]);
    expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toEqual({ status: 1 });
  });

  it('knows that a process has ended even while its connection lives on in another', async () => {
    const connected = signalled<UnixPeer>();
    using folder = new TemporaryFolder();
    const path = folder.file('s.sock');
    await using pair = await servePair({});
    await pair.server.listenUnix({ path, socketMode: 0o777, onPeer: connected.resolve });
    const child = spawn(process.execPath, [leaveConnection, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [heir] = await once(createInterface(child.stdout), 'line');
    try {
      const peer = await connected.promise;
      expect(peer.pid).toBe(child.pid);
      expect(peer.isAlive()).toBe(true);
      child.stdin.end();
      await once(child, 'exit');
      expect(peer.isAlive()).toBe(false);
      // The client of the pair has not connected: this is the inherited connection.
      expect(pair.server.connectionCount).toBe(1);
    } finally {
      process.kill(Number(heir));
    }
  });

  it('keeps the number of open files flat when clients come and go', async () => {
    await using pair = await serveWhoAmI();
    await pair.client.unary(HealthDefinition, 'list', {});
    const before = readdirSync('/proc/self/fd').length;
    for (let round = 0; round < 20; round += 1) {
      const sockets = Array.from({ length: 20 }, () => connect(pair.path));
      for (const socket of sockets) {
        socket.on('error', () => {});
        socket.once('connect', () => {
          if (round % 2 === 0) socket.write('PRI * HTTP/2.0\r\n\r\nSM');
          socket.destroy();
        });
      }
      await Promise.all(sockets.map((socket) => once(socket, 'close')));
      const controller = new AbortController();
      const calls = Array.from({ length: 20 }, () =>
        rejection(pair.client.unary(HealthDefinition, 'check', { service: '' }, { signal: controller.signal })),
      );
      setImmediate(() => controller.abort());
      await Promise.all(calls);
    }
    await eventually(() => pair.server.connectionCount === 1);
    await eventually(() => readdirSync('/proc/self/fd').length <= before);
    await pair.client.unary(HealthDefinition, 'list', {});
  });
});

describe('openStartTimeWatch', () => {
  it('sees a process that runs, one that has ended and one that never was', async () => {
    using own = openStartTimeWatch(process.pid);
    expect(own.isAlive()).toBe(true);
    const child = spawn('sleep', ['600']);
    await once(child, 'spawn');
    using watch = openStartTimeWatch(child.pid ?? 0);
    expect(watch.isAlive()).toBe(true);
    child.kill();
    await once(child, 'exit');
    expect(watch.isAlive()).toBe(false);
    using none = openStartTimeWatch(2 ** 30);
    expect(none.isAlive()).toBe(false);
    own[Symbol.dispose]();
    expect(own.isAlive()).toBe(false);
  });
});

describe('parseStartTime', () => {
  it('finds the field whatever the program is called', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.constantFrom('R', 'S', 'D', 'Z', 'X'), (name, startTime, state) => {
        const between = Array.from({ length: 18 }, (_, i) => String(i)).join(' ');
        const stat = `12 (${name}) ${state} ${between} ${startTime} 5 6 7\n`;
        expect(parseStartTime(stat)).toBe(state === 'Z' || state === 'X' ? undefined : String(startTime));
      }),
    );
  });

  it('finds nothing in other texts', () => {
    for (const text of ['', '1 (x', '1 (x) R', `1 (x) R ${'x '.repeat(30)}`])
      expect(parseStartTime(text)).toBeUndefined();
  });
});

/** `List` answers with the caller's pid, uid and gid, `Check` never. */
function serveWhoAmI() {
  return servePair({
    health: {
      async list(_, { peer }) {
        const name = peer.kind === 'unix' && peer.isAlive() ? `${peer.pid} ${peer.uid} ${peer.gid}` : 'nobody';
        return { statuses: { [name]: { status: 1 } } };
      },
      check: () => new Promise(() => {}),
    },
  });
}

/** Waits for the event loop to bring something about. */
async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
