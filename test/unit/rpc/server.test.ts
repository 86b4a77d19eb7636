import { once } from 'node:events';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { type CallContext, RpcServer } from '../../../src/lib/rpc/server.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { SpirekitError } from '../../../src/lib/runtime/errors.ts';
import { HealthCheckRequest, HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { ServerReflectionDefinition } from '../../../src/lib/wire/gen/grpc/reflection/v1/reflection.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { aborted, frame, rejection, servePair, signalled } from './fixtures.ts';

const SERVING = { status: 1 } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/** One stream with exactly these headers and this body; tells headers and trailers of the answer as one. */
async function post(path: string, headers: Record<string, string>, body?: Uint8Array): Promise<IncomingHttpHeaders> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(path) });
  session.on('error', () => {});
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let answer: IncomingHttpHeaders = {};
  stream.on('error', () => {});
  stream.on('response', (found) => {
    answer = { ...answer, ...found };
  });
  stream.on('trailers', (found) => {
    answer = { ...answer, ...found };
  });
  stream.resume();
  stream.end(body ?? frame(HealthCheckRequest.encode({ service: '' }).finish()));
  await once(stream, 'close').catch(() => {});
  session.destroy();
  return answer;
}

describe('RpcServer', () => {
  it('tells its handlers who calls', async () => {
    const seen = signalled<CallContext>();
    await using pair = await servePair({
      health: {
        async check(_, call) {
          seen.resolve(call);
          return SERVING;
        },
      },
    });
    await pair.client.unary(HealthDefinition, 'check', { service: '' });
    const { peer, method, deadlineMs } = await seen.promise;
    expect(peer).toMatchObject({
      kind: 'unix',
      pid: process.pid,
      uid: process.geteuid?.(),
      gid: process.getegid?.(),
    });
    expect(peer.kind === 'unix' && peer.isAlive()).toBe(true);
    expect(method).toBe('/grpc.health.v1.Health/Check');
    expect(deadlineMs).toBeUndefined();
  });

  it('takes the watch on a process away with its connection', async () => {
    const seen = signalled<CallContext>();
    await using pair = await servePair({
      health: {
        async check(_, call) {
          seen.resolve(call);
          return SERVING;
        },
      },
    });
    await pair.client.unary(HealthDefinition, 'check', { service: '' });
    const { peer } = await seen.promise;
    await pair.client.close();
    await untilNoConnection(pair.server);
    expect(peer.kind === 'unix' && peer.isAlive()).toBe(false);
  });

  it('answers in the words of the handler, and hides the errors of others', async () => {
    const hidden: unknown[] = [];
    const errors: readonly (readonly [unknown, string])[] = [
      [new RpcError(RpcCode.notFound, 'entry not found'), 'code = NotFound desc = entry not found'],
      [new SpirekitError('no-identity', 'no identity issued'), 'code = PermissionDenied desc = no identity issued'],
      [new SpirekitError('invalid-argument', '50% ü\n\ud800'), 'code = InvalidArgument desc = 50% ü\n\ufffd'],
      [new Error('/root/secret'), 'code = Internal desc = internal error'],
      [undefined, 'code = Internal desc = internal error'],
    ];
    await using pair = await servePair({
      server: { onInternalError: (error) => hidden.push(error) },
      health: {
        async check({ service }) {
          throw errors[Number(service)]?.[0];
        },
      },
    });
    for (const [index, [, text]] of errors.entries()) {
      const error = await rejection(pair.client.unary(HealthDefinition, 'check', { service: String(index) }));
      expect(error instanceof Error && error.message).toBe(`rpc error: ${text}`);
    }
    expect(hidden).toEqual([errors[3]?.[0], undefined]);
  });

  it('sends the details of a status, and trailers', async () => {
    await using pair = await servePair({
      health: {
        async check(_, call) {
          call.setTrailer('x-why', 'because');
          throw new RpcError(RpcCode.permissionDenied, 'agent is banned', { statusDetails: Uint8Array.of(8, 7) });
        },
      },
    });
    expect(await rejection(pair.client.unary(HealthDefinition, 'check', { service: '' }))).toMatchObject({
      statusDetails: Uint8Array.of(8, 7),
    });
    expect(await post(pair.path, {})).toMatchObject({ 'grpc-status': '7', 'x-why': 'because' });
  });

  it('cuts a description that would not fit into trailers', async () => {
    await using pair = await servePair({
      health: {
        async check() {
          throw new RpcError(RpcCode.aborted, 'x'.repeat(1 << 20));
        },
      },
    });
    expect(await rejection(pair.client.unary(HealthDefinition, 'check', { service: '' }))).toMatchObject({
      status: RpcCode.aborted,
      description: 'x'.repeat(4096),
    });
  });

  it('says of a method without handler that it is not implemented', async () => {
    await using pair = await servePair({});
    expect(String(await rejection(pair.client.unary(HealthDefinition, 'list', {})))).toContain(
      'code = Unimplemented desc = method List not implemented',
    );
  });

  it('refuses to serve a service twice', () => {
    const server = new RpcServer();
    server.addService(HealthDefinition, {});
    expect(() => server.addService(HealthDefinition, {})).toThrow('grpc.health.v1.Health is served already');
  });

  it('runs its interceptors around each call, outermost first', async () => {
    const order: string[] = [];
    const key = Symbol('who');
    await using pair = await servePair({
      health: {
        async *watch(_, call) {
          order.push(`handler ${String(call.values.get(key))}`);
          yield SERVING;
          order.push('handler ends');
        },
      },
      configure: (server) => {
        server.use(async (call, next) => {
          order.push('outer');
          call.values.set(key, 'me');
          await next();
          order.push('outer ends');
        });
        server.use(async (_, next) => {
          order.push('inner');
          await next();
          order.push('inner ends');
        });
      },
    });
    for await (const _ of pair.client.serverStream(HealthDefinition, 'watch', { service: '' }));
    expect(order).toEqual(['outer', 'inner', 'handler me', 'handler ends', 'inner ends', 'outer ends']);
  });

  it('lets an interceptor refuse a call of each kind before its handler runs', async () => {
    let handled = 0;
    await using pair = await servePair({
      health: {
        async check() {
          handled += 1;
          return SERVING;
        },
        async *watch() {
          handled += 1;
          yield SERVING;
        },
      },
      reflection: {
        async *serverReflectionInfo() {
          handled += 1;
          yield* [];
        },
      },
      configure: (server) =>
        server.use(async () => {
          throw new RpcError(RpcCode.permissionDenied, 'not you');
        }),
    });
    const { client } = pair;
    const calls: readonly (() => Promise<unknown>)[] = [
      () => client.unary(HealthDefinition, 'check', { service: '' }),
      () => client.serverStream(HealthDefinition, 'watch', { service: '' }).next(),
      async () => {
        for await (const _ of client.bidi(ServerReflectionDefinition, 'serverReflectionInfo').responses);
      },
    ];
    for (const call of calls) {
      expect(await rejection(call())).toMatchObject({ status: RpcCode.permissionDenied, description: 'not you' });
    }
    expect(handled).toBe(0);
  });

  it('does not take silence of an interceptor for consent', async () => {
    const hidden: unknown[] = [];
    await using pair = await servePair({
      server: { onInternalError: (error) => hidden.push(error) },
      health: { check: async () => SERVING },
      configure: (server) => server.use(async () => {}),
    });
    expect(await rejection(pair.client.unary(HealthDefinition, 'check', { service: '' }))).toMatchObject({
      status: RpcCode.internal,
    });
    expect(hidden).toHaveLength(1);
  });

  it('ends a call whose deadline has passed, and tells its handler', async () => {
    const reason = signalled<unknown>();
    await using pair = await servePair({
      health: {
        async check(_, { signal }) {
          reason.resolve(await aborted(signal));
          throw signal.reason;
        },
      },
    });
    expect(await post(pair.path, { 'grpc-timeout': '1m' })).toMatchObject({ 'grpc-status': '4' });
    expect(await reason.promise).toMatchObject({ status: RpcCode.deadlineExceeded });
  });

  it('keeps a deadline of more than 24 days, which is more than a timer of Node can', async () => {
    const clock = new ManualClock();
    const entered = signalled<CallContext>();
    await using pair = await servePair({
      server: { clock, keepaliveMs: 10 * 365 * DAY_MS },
      health: {
        async check({ service }, call) {
          if (service === '') return SERVING;
          entered.resolve(call);
          await aborted(call.signal);
          throw call.signal.reason;
        },
      },
    });
    expect(await post(pair.path, { 'grpc-timeout': '99999999H' })).toMatchObject({ 'grpc-status': '0' });
    expect(await post(pair.path, { 'grpc-timeout': '2147484S' })).toMatchObject({ 'grpc-status': '0' });
    const waiting = frame(HealthCheckRequest.encode({ service: 'wait' }).finish());
    const answer = post(pair.path, { 'grpc-timeout': '720H' }, waiting);
    const { deadlineMs, signal } = await entered.promise;
    expect(deadlineMs).toBe(clock.nowMs() + 30 * DAY_MS);
    clock.advance(30 * DAY_MS - 1);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(await answer).toMatchObject({ 'grpc-status': '4' });
  });

  it('stops asking a handler for more when the caller has gone', async () => {
    const returned = signalled();
    await using pair = await servePair({
      health: {
        async *watch() {
          try {
            for (;;) yield SERVING;
          } finally {
            returned.resolve();
          }
        },
      },
    });
    let count = 0;
    for await (const _ of pair.client.serverStream(HealthDefinition, 'watch', { service: '' })) {
      count += 1;
      if (count === 100) break;
    }
    await returned.promise;
  });

  it('waits for a slow reader before it asks a handler for more', async () => {
    let made = 0;
    const statuses = { ['x'.repeat(1 << 20)]: SERVING };
    await using pair = await servePair({
      health: { list: async () => ({ statuses }) },
      reflection: {
        async *serverReflectionInfo() {
          for (;;) {
            made += 1;
            yield { validHost: 'x'.repeat(1 << 20), originalRequest: undefined, messageResponse: undefined };
          }
        },
      },
    });
    const call = pair.client.bidi(ServerReflectionDefinition, 'serverReflectionInfo');
    const responses = call.responses[Symbol.asyncIterator]();
    await responses.next();
    // While other calls go back and forth, the handler is stuck with what fits into the windows.
    for (let i = 0; i < 50; i += 1) await pair.client.unary(HealthDefinition, 'list', {});
    const stuckAt = made;
    expect(stuckAt).toBeLessThan(12);
    for (let i = 0; i < 20; i += 1) await responses.next();
    expect(made).toBeGreaterThan(stuckAt);
    call.cancel();
  });

  it('refuses a request over the limit and a response over the limit', async () => {
    await using pair = await servePair({
      server: { maxReceiveBytes: 1000, maxSendBytes: 500 },
      health: { list: async () => ({ statuses: { ['x'.repeat(600)]: SERVING } }), check: async () => SERVING },
    });
    const large = pair.client.unary(HealthDefinition, 'check', { service: 'x'.repeat(1001) });
    expect(await rejection(large)).toMatchObject({ status: RpcCode.resourceExhausted });
    expect(await rejection(pair.client.unary(HealthDefinition, 'list', {}))).toMatchObject({
      status: RpcCode.resourceExhausted,
    });
    expect(await pair.client.unary(HealthDefinition, 'check', { service: 'x'.repeat(900) })).toEqual(SERVING);
  });

  it('takes no compressed request, and says so in the words of Go', async () => {
    await using pair = await servePair({ health: { check: async () => SERVING } });
    const zipped = frame(gzipSync(HealthCheckRequest.encode({ service: '' }).finish()), 1);
    expect(await post(pair.path, { 'grpc-encoding': 'gzip' }, zipped)).toMatchObject({
      'grpc-status': '12',
      'grpc-message': 'grpc: Decompressor is not installed for grpc-encoding "gzip"',
    });
    expect(await post(pair.path, {}, zipped)).toMatchObject({ 'grpc-status': '13' });
    expect(await post(pair.path, { 'grpc-encoding': 'gzip' })).toMatchObject({ 'grpc-status': '0' });
  });

  it.each<[string, Record<string, string>, Uint8Array | undefined, Record<string, unknown>]>([
    ['a request that is no gRPC', { 'content-type': 'text/plain' }, undefined, { ':status': 415 }],
    ['a message that cannot be read', {}, frame(Uint8Array.of(255, 255)), { 'grpc-status': '13' }],
    ['no message', {}, Buffer.alloc(0), { 'grpc-status': '12' }],
    ['half a message', {}, Buffer.from([0, 0, 0, 0, 9, 1]), { 'grpc-status': '13' }],
    ['a message too many', {}, Buffer.alloc(10), { 'grpc-status': '12' }],
    ['a timeout that cannot be read', { 'grpc-timeout': '1 hour' }, undefined, { 'grpc-status': '13' }],
    ['a PUT', { ':method': 'PUT' }, undefined, { ':status': 405 }],
    ['an unknown service', { ':path': '/a.B/C' }, undefined, { 'grpc-message': 'unknown service a.B' }],
    [
      'an unknown method',
      { ':path': '/grpc.health.v1.Health/Cure' },
      undefined,
      { 'grpc-status': '12', 'grpc-message': 'unknown method Cure for service grpc.health.v1.Health' },
    ],
    ['a path of other letters', { ':path': '/a.B/\u00e9%\u0001' }, undefined, {}],
    ['headers without end', { 'x-long': 'x'.repeat(100_000) }, undefined, {}],
  ])('refuses %s and goes on', async (_, headers, body, answer) => {
    await using pair = await servePair({ health: { check: async () => SERVING } });
    expect(await post(pair.path, headers, body)).toMatchObject(answer);
    expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toEqual(SERVING);
  });

  it('closes connections that are no HTTP/2, and goes on', async () => {
    await using pair = await servePair({ health: { check: async () => SERVING } });
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nXX'),
      Buffer.concat([preface, Buffer.alloc(64, 0xff)]),
      Buffer.concat([preface, Buffer.from('000004040000000000ffffffff', 'hex')]),
    ]) {
      const socket = connect(pair.path);
      socket.on('error', () => {});
      socket.resume();
      socket.write(bytes);
      await once(socket, 'close');
    }
    expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toEqual(SERVING);
  });

  it('lets a client ping for every answer, as those in Go do, and sends away one that only pings', async () => {
    await using pair = await servePair({ health: { check: async () => SERVING } });
    const session = connectHttp2('http://localhost', { createConnection: () => connect(pair.path) });
    const closed = once(session, 'close');
    session.on('error', () => {});
    const ping = (): Promise<boolean> => new Promise((resolve) => session.ping((error) => resolve(error === null)));
    for (let n = 0; n < 300; n += 1) {
      const call = session.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        'content-type': 'application/grpc',
      });
      call.resume().end(frame(HealthCheckRequest.encode({ service: '' }).finish()));
      await once(call, 'close');
      expect([n, await ping(), await ping()]).toEqual([n, true, true]);
    }
    while (await ping());
    await closed;
  });

  it('bounds the calls of one connection', async () => {
    const release = signalled();
    let most = 0;
    let running = 0;
    await using pair = await servePair({
      server: { maxConcurrentStreams: 5 },
      health: {
        async check() {
          running += 1;
          most = Math.max(most, running);
          if (running === 5) release.resolve();
          await release.promise;
          running -= 1;
          return SERVING;
        },
      },
    });
    // The first call learns of the limit.
    await Promise.all(Array.from({ length: 5 }, () => pair.client.unary(HealthDefinition, 'check', { service: '' })));
    await Promise.all(Array.from({ length: 50 }, () => pair.client.unary(HealthDefinition, 'check', { service: '' })));
    expect(most).toBe(5);
  });

  it('bounds the connections of a listener', async () => {
    await using pair = await servePair({ server: { maxConnections: 1 }, health: { check: async () => SERVING } });
    await pair.client.unary(HealthDefinition, 'check', { service: '' });
    await using second = new RpcClient({ kind: 'unix', path: pair.path });
    expect(await rejection(second.unary(HealthDefinition, 'check', { service: '' }))).toMatchObject({
      status: RpcCode.unavailable,
    });
  });
});

async function untilNoConnection(server: RpcServer): Promise<void> {
  while (server.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve));
}
