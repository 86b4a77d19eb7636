import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { RpcServer } from '../../../src/lib/rpc/server.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { aborted, rejection, servePair, signalled, TemporaryFolder } from './fixtures.ts';

const SERVING = { status: 1 } as const;

describe('stop of a server', () => {
  it('waits for the calls under way, takes no new ones and removes the socket', async () => {
    const entered = signalled();
    const release = signalled();
    await using pair = await servePair({
      health: {
        async check() {
          entered.resolve();
          await release.promise;
          return SERVING;
        },
      },
    });
    const call = pair.client.unary(HealthDefinition, 'check', { service: '' });
    await entered.promise;
    const stopped = pair.server.stop({ signal: new AbortController().signal });
    await refused(pair.path);
    release.resolve();
    expect(await call).toEqual(SERVING);
    await stopped;
    expect(existsSync(pair.path)).toBe(false);
    expect(pair.server.connectionCount).toBe(0);
  });

  it('ends calls hard when the signal aborts', async () => {
    const entered = signalled<AbortSignal>();
    await using pair = await servePair({
      health: {
        async *watch(_, { signal }) {
          yield SERVING;
          entered.resolve(signal);
          await aborted(signal);
        },
      },
    });
    const stream = pair.client.serverStream(HealthDefinition, 'watch', { service: '' });
    await stream.next();
    const handlerSignal = await entered.promise;
    const controller = new AbortController();
    const stopped = pair.server.stop({ signal: controller.signal });
    controller.abort();
    await stopped;
    expect(await rejection(stream.next())).toMatchObject({ status: RpcCode.unavailable });
    expect(await aborted(handlerSignal)).toMatchObject({ status: RpcCode.canceled });
  });

  it('ends calls hard when the grace time is over', async () => {
    const entered = signalled();
    const clock = new ManualClock();
    await using pair = await servePair({
      server: { clock },
      health: {
        async *watch(_, { signal }) {
          yield SERVING;
          entered.resolve();
          await aborted(signal);
        },
      },
    });
    const stream = pair.client.serverStream(HealthDefinition, 'watch', { service: '' });
    await stream.next();
    await entered.promise;
    const stopped = pair.server.stop({ graceMs: 5_000 });
    clock.advance(5_000);
    await stopped;
    expect(await rejection(stream.next())).toMatchObject({ status: RpcCode.unavailable });
  });

  it.each([
    ['at once', undefined],
    ['gracefully', new AbortController().signal],
  ])('ends connections on which nothing was said, stopped %s', async (_, signal) => {
    await using pair = await servePair({});
    const socket = connect(pair.path);
    socket.on('error', () => {});
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve));
    while (pair.server.connectionCount === 0) await new Promise((resolve) => setImmediate(resolve));
    await pair.server.stop({ signal });
    await closed;
  });

  it('may be asked for twice, and starts nothing afterwards', async () => {
    using folder = new TemporaryFolder();
    const server = new RpcServer();
    await Promise.all([server.stop(), server.stop()]);
    expect(await rejection(server.listenUnix({ path: folder.file('s'), socketMode: 0o600 }))).toMatchObject({
      code: 'failed-precondition',
    });
    expect(existsSync(folder.file('s'))).toBe(false);
  });

  it('closes a client that opens no HTTP/2 connection in time, and no other', async () => {
    const clock = new ManualClock();
    await using pair = await servePair({
      server: { clock, handshakeTimeoutMs: 20_000 },
      health: { check: async () => SERVING },
    });
    const socket = connect(pair.path);
    socket.on('error', () => {});
    socket.resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('PRI');
    await pair.client.unary(HealthDefinition, 'check', { service: '' });
    while (pair.server.connectionCount < 2) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(20_000);
    await closed;
    expect(pair.client.isConnected).toBe(true);
    expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toEqual(SERVING);
  });
});

/** Resolves when the socket takes no connection any more. */
function refused(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', () => resolve());
    socket.once('connect', () => reject(new Error('the socket still takes connections')));
  });
}
