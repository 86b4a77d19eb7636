import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { RpcClient, type RpcClientOptions } from '../../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { HealthCheckResponse, HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { ServerReflectionDefinition } from '../../../src/lib/wire/gen/grpc/reflection/v1/reflection.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  aborted,
  frame,
  rejection,
  respond,
  serveHttp2,
  servePair,
  serveRaw,
  signalled,
  TemporaryFolder,
} from './fixtures.ts';

const SERVING = { status: 1 } as const;
const answerBytes = HealthCheckResponse.encode(SERVING).finish();

describe.each(['light', 'node'] as const)('over %s HTTP/2', (http2) => {
  const connect = (path: string, options: RpcClientOptions = {}): RpcClient =>
    new RpcClient({ kind: 'unix', path }, { http2, ...options });

  async function checkError(path: string, timeoutMs?: number): Promise<string> {
    await using client = connect(path);
    const error = await rejection(client.unary(HealthDefinition, 'check', { service: '' }, { timeoutMs }));
    return error instanceof RpcError ? error.message : `not an RpcError: ${String(error)}`;
  }

  describe('RpcClient on a socket that cannot be reached', () => {
    it('says what Go says when there is none', async () => {
      using folder = new TemporaryFolder();
      const path = folder.file('absent.sock');
      expect(await checkError(path)).toBe(
        `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: no such file or directory"`,
      );
    });

    it('names the address as the caller spelled it', async () => {
      await using client = new RpcClient(
        { kind: 'unix', path: '/nonexistent/x', errorAddress: '///nonexistent/x' },
        { http2 },
      );
      const error = await rejection(client.unary(HealthDefinition, 'check', { service: '' }));
      expect(String(error)).toContain('dial unix ///nonexistent/x: connect: no such file or directory');
    });

    it('says what Go says when the path is a file or a folder', async () => {
      using folder = new TemporaryFolder();
      writeFileSync(folder.file('file'), '');
      mkdirSync(folder.file('folder'));
      expect(await checkError(folder.file('file'))).toContain('connect: connection refused"');
      expect(await checkError(folder.file('folder'))).toContain('connect: connection refused"');
      expect(await checkError(folder.file('file/below'))).toContain('connect: not a directory"');
    });

    it('says what Go says when the path is longer than a socket can have', async () => {
      expect(await checkError(`/tmp/${'a'.repeat(103)}`)).toContain('connect: invalid argument"');
    });

    it('says what Go says when nobody listens on the port', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await new Promise((resolve) => server.close(resolve));
      await using client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port });
      const error = await rejection(client.unary(HealthDefinition, 'check', { service: '' }));
      expect(String(error)).toContain(`dial tcp 127.0.0.1:${port}: connect: connection refused"`);
    });

    it('says what Go says when the socket may not be opened', async () => {
      await using server = await serveRaw(() => {});
      chmodSync(server.path, 0);
      using _ = asNobody();
      expect(await checkError(server.path)).toContain('connect: permission denied"');
    });
  });

  describe('RpcClient on a peer that does not speak gRPC', () => {
    it.each<[string, (socket: Socket) => void, string]>([
      ['hangs up', (socket) => socket.end(), 'EOF'],
      ['hangs up on the first word', (socket) => socket.once('data', () => socket.destroy()), 'EOF'],
      ['speaks SSH', (socket) => socket.write('SSH-2.0-OpenSSH_9.0\r\n'), 'http2: frame too large'],
      ['speaks HTTP/1', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), 'http2: frame too large'],
    ])('fails when it %s', async (_, handle, reason) => {
      await using server = await serveRaw(handle);
      expect(await checkError(server.path)).toBe(
        `rpc error: code = Unavailable desc = connection error: desc = "error reading server preface: ${reason}"`,
      );
    });

    it('gives up on silence', async () => {
      const connected = signalled();
      await using server = await serveRaw((socket) => socket.once('data', () => connected.resolve()));
      const clock = new ManualClock();
      await using client = connect(server.path, { clock, connectTimeoutMs: 20_000 });
      const failed = rejection(client.unary(HealthDefinition, 'check', { service: '' }));
      await connected.promise;
      clock.advance(20_000);
      expect(String(await failed)).toContain('error reading server preface: context deadline exceeded');
    });

    it.each<[string, Record<string, string | number>, string, string]>([
      [
        'a page that is not found',
        { ':status': 404, 'content-type': 'text/html' },
        'nope',
        'code = Unimplemented desc = unexpected HTTP status code received from server: 404 (Not Found); transport: received unexpected content-type "text/html"\ndata: "nope"',
      ],
      [
        'a page',
        { ':status': 200, 'content-type': 'text/html' },
        '<p>hi',
        'code = Unknown desc = unexpected HTTP status code received from server: 200 (OK); transport: received unexpected content-type "text/html"\ndata: "<p>hi"',
      ],
      [
        'a proxy without its server',
        { ':status': 503 },
        '',
        'code = Unavailable desc = unexpected HTTP status code received from server: 503 (Service Unavailable); malformed header: missing HTTP content-type',
      ],
    ])('tells of %s', async (_, headers, body, text) => {
      await using server = await serveHttp2((stream) => {
        stream.respond(headers);
        stream.end(body);
      });
      expect(await checkError(server.path)).toBe(`rpc error: ${text}`);
    });
  });

  describe('RpcClient on answers that break the protocol', () => {
    it.each<[string, Parameters<typeof respond>[1], string]>([
      ['no status', { body: frame(answerBytes), trailers: { x: 'y' } }, 'code = Unknown desc = '],
      [
        'a status that is no number',
        { trailers: { 'grpc-status': 'x' } },
        'code = Unknown desc = transport: malformed grpc-status: strconv.ParseInt: parsing "x": invalid syntax',
      ],
      [
        'an unknown status',
        { trailers: { 'grpc-status': '99', 'grpc-message': 'a%20b%' } },
        'code = Code(99) desc = a b%',
      ],
      [
        'no message',
        {},
        'code = Internal desc = cardinality violation: received no response message from non-server-streaming RPC',
      ],
      [
        'two messages',
        { body: Buffer.concat([frame(answerBytes), frame(answerBytes)]) },
        'code = Internal desc = cardinality violation: expected <EOF> for non server-streaming RPCs, but received another message',
      ],
      ['half a message', { body: Buffer.from([0, 0, 0, 0, 9, 0]) }, 'code = Internal desc = unexpected EOF'],
      [
        'a message that cannot be read',
        { body: frame(Uint8Array.of(255, 255, 255)) },
        'code = Internal desc = grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format data',
      ],
      [
        'a compressed message',
        { body: frame(Uint8Array.of(0), 1), headers: { 'grpc-encoding': 'gzip' } },
        'code = Internal desc = grpc: Decompressor is not installed for grpc-encoding "gzip"',
      ],
      [
        'a message over the limit',
        { body: Buffer.from([0, 0x7f, 0, 0, 1, 0]) },
        'code = ResourceExhausted desc = grpc: received message larger than max (2130706433 vs. 67108864)',
      ],
    ])('refuses %s', async (_, answer, text) => {
      await using server = await serveHttp2((stream) => respond(stream, answer));
      expect(await checkError(server.path)).toBe(`rpc error: ${text}`);
    });

    it('refuses a stream that ends without trailers', async () => {
      await using server = await serveHttp2((stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.end();
      });
      expect(await checkError(server.path)).toBe(
        'rpc error: code = Internal desc = server closed the stream without sending trailers',
      );
    });

    it.each([
      [2, 'code = Internal desc = stream terminated by RST_STREAM with error code: INTERNAL_ERROR'],
      [8, 'code = Canceled desc = stream terminated by RST_STREAM with error code: CANCEL'],
      [11, 'code = ResourceExhausted desc = stream terminated by RST_STREAM with error code: ENHANCE_YOUR_CALM'],
    ])('tells of a stream reset with code %i', async (code, text) => {
      await using server = await serveHttp2((stream) => stream.close(code));
      expect(await checkError(server.path)).toBe(`rpc error: ${text}`);
    });

    it('tells of a connection that the server shuts down', async () => {
      await using server = await serveHttp2((stream) => stream.session?.destroy());
      expect(await checkError(server.path)).toBe(
        'rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: code: NO_ERROR',
      );
    });

    it('hands over the details of a status', async () => {
      const details = Buffer.from([8, 7, 18, 1, 120]);
      await using server = await serveHttp2((stream) =>
        respond(stream, { trailers: { 'grpc-status': '7', 'grpc-status-details-bin': details.toString('base64') } }),
      );
      await using client = connect(server.path);
      const error = await rejection(client.unary(HealthDefinition, 'check', { service: '' }));
      expect(error).toMatchObject({ status: RpcCode.permissionDenied, statusDetails: new Uint8Array(details) });
    });
  });

  describe('RpcClient', () => {
    it('asks once more when the server says that it has not begun', async () => {
      let calls = 0;
      await using server = await serveHttp2((stream) => {
        calls += 1;
        if (calls === 1) stream.close(7);
        else respond(stream, { body: frame(answerBytes) });
      });
      await using client = connect(server.path);
      expect(await client.unary(HealthDefinition, 'check', { service: '' })).toEqual(SERVING);
      expect(calls).toBe(2);
    });

    it('asks once more for a stream that the server has not begun', async () => {
      let calls = 0;
      await using server = await serveHttp2((stream) => {
        calls += 1;
        if (calls === 1) stream.close(7);
        else respond(stream, { body: frame(answerBytes) });
      });
      await using client = connect(server.path);
      const answers: unknown[] = [];
      for await (const answer of client.serverStream(HealthDefinition, 'watch', { service: '' })) answers.push(answer);
      expect(answers).toEqual([SERVING]);
      expect(calls).toBe(2);
    });

    it('does not ask a third time', async () => {
      await using server = await serveHttp2((stream) => stream.close(7));
      expect(await checkError(server.path)).toBe(
        'rpc error: code = Unavailable desc = stream terminated by RST_STREAM with error code: REFUSED_STREAM',
      );
    });

    it('sends its metadata, and the deadline with it', async () => {
      const seen = signalled<unknown>();
      await using server = await serveHttp2((stream) => respond(stream, { body: frame(answerBytes) }), seen.resolve);
      await using client = connect(server.path, { clock: new ManualClock() });
      const options = { metadata: { 'x-one': '1', 'x-two': ['a', 'b'] }, timeoutMs: 60_000 };
      await client.unary(HealthDefinition, 'check', { service: '' }, options);
      expect(await seen.promise).toMatchObject({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Check',
        ':authority': 'localhost',
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': '60000000u',
        'x-one': '1',
        'x-two': 'a, b',
      });
    });

    it('sends metadata and messages that are longer than a frame', async () => {
      const long = 'x'.repeat(40_000);
      await using pair = await servePair({
        client: { http2 },
        health: {
          check: async ({ service }, call) => ({
            status: call.metadata.get('x-long')[0] === long && service.length === 3 << 20 ? 1 : 2,
          }),
        },
      });
      const request = { service: 'x'.repeat(3 << 20) };
      const options = { metadata: { 'x-long': long } };
      expect(await pair.client.unary(HealthDefinition, 'check', request, options)).toEqual(SERVING);
    });

    it('runs out of time while the server works, and the server learns of it', async () => {
      const entered = signalled<AbortSignal>();
      const clock = new ManualClock();
      await using pair = await servePair({
        client: { http2, clock },
        health: {
          async check(_, { signal }) {
            entered.resolve(signal);
            await aborted(signal);
            throw signal.reason;
          },
        },
      });
      // A first request may overtake the server's settings, without which the connection is not ready.
      await rejection(pair.client.unary(HealthDefinition, 'list', {}));
      const failed = rejection(pair.client.unary(HealthDefinition, 'check', { service: '' }, { timeoutMs: 5_000 }));
      const signal = await entered.promise;
      clock.advance(4_999);
      expect(signal.aborted).toBe(false);
      clock.advance(1);
      expect(String(await failed)).toBe(
        'RpcError: rpc error: code = DeadlineExceeded desc = context deadline exceeded',
      );
      await aborted(signal);
    });

    it('runs out of time while nobody answers', async () => {
      const connected = signalled();
      await using server = await serveRaw(() => connected.resolve());
      const clock = new ManualClock();
      await using client = connect(server.path, { clock });
      const failed = rejection(client.unary(HealthDefinition, 'check', { service: '' }, { timeoutMs: 1_000 }));
      await connected.promise;
      clock.advance(1_000);
      expect(String(await failed)).toBe(
        'RpcError: rpc error: code = DeadlineExceeded desc = context deadline exceeded while waiting for connections to become ready',
      );
    });

    it('ends at once when its signal has been aborted', async () => {
      await using client = connect('/nonexistent/x');
      const signal = AbortSignal.abort();
      const error = await rejection(client.unary(HealthDefinition, 'check', { service: '' }, { signal }));
      expect(error).toMatchObject({ status: RpcCode.canceled });
    });

    it('ends a call when its signal aborts: with a timeout for a reason, as one', async () => {
      const entered = signalled<AbortSignal>();
      await using pair = await servePair({
        client: { http2 },
        health: {
          async check(_, { signal }) {
            entered.resolve(signal);
            await aborted(signal);
            throw signal.reason;
          },
        },
      });
      const controller = new AbortController();
      const failed = rejection(
        pair.client.unary(HealthDefinition, 'check', { service: '' }, { signal: controller.signal }),
      );
      const serverSignal = await entered.promise;
      controller.abort(new DOMException('late', 'TimeoutError'));
      expect(await failed).toMatchObject({ status: RpcCode.deadlineExceeded });
      expect(await aborted(serverSignal)).toMatchObject({ status: RpcCode.canceled });
    });

    it('leaves no listener on the signals of calls that ended', async () => {
      await using pair = await servePair({ client: { http2 }, health: { check: async () => SERVING } });
      const { signal } = new AbortController();
      let listeners = 0;
      const counted = new Proxy(signal, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            if (key === 'addEventListener') listeners += 1;
            if (key === 'removeEventListener') listeners -= 1;
            return value.apply(target, args);
          };
        },
      });
      for (let i = 0; i < 10; i += 1) {
        await pair.client.unary(HealthDefinition, 'check', { service: '' }, { signal: counted });
      }
      expect(listeners).toBe(0);
    });

    it('cancels a stream when its loop is left', async () => {
      const gone = signalled<unknown>();
      await using pair = await servePair({
        client: { http2 },
        health: {
          async *watch(_, { signal }) {
            yield SERVING;
            gone.resolve(await aborted(signal));
          },
        },
      });
      for await (const answer of pair.client.serverStream(HealthDefinition, 'watch', { service: '' })) {
        expect(answer).toEqual(SERVING);
        break;
      }
      expect(await gone.promise).toMatchObject({ status: RpcCode.canceled });
    });

    it('gives back the room of streams that are left unread', async () => {
      const large = { validHost: 'x'.repeat(1 << 20), originalRequest: undefined, messageResponse: undefined };
      await using pair = await servePair({
        client: { http2 },
        health: { check: async () => SERVING },
        reflection: {
          async *serverReflectionInfo() {
            for (;;) yield large;
          },
        },
      });
      for (let round = 0; round < 20; round += 1) {
        const call = pair.client.bidi(ServerReflectionDefinition, 'serverReflectionInfo');
        for await (const _ of call.responses) break;
      }
      expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toEqual(SERVING);
      expect(pair.server.connectionCount).toBe(1);
    });

    it('gives the messages that came before the error, then the error', async () => {
      await using pair = await servePair({
        client: { http2 },
        health: {
          async *watch() {
            yield SERVING;
            yield SERVING;
            throw new RpcError(RpcCode.permissionDenied, 'no identity issued');
          },
        },
      });
      const received: unknown[] = [];
      const stream = pair.client.serverStream(HealthDefinition, 'watch', { service: '' });
      const loop = async (): Promise<void> => {
        for await (const answer of stream) received.push(answer);
      };
      expect(await rejection(loop())).toMatchObject({ description: 'no identity issued' });
      expect(received).toEqual([SERVING, SERVING]);
    });

    it('talks both ways', async () => {
      await using pair = await servePair({
        client: { http2 },
        reflection: {
          async *serverReflectionInfo(requests) {
            for await (const request of requests) {
              yield { validHost: request.host.toUpperCase(), originalRequest: undefined, messageResponse: undefined };
            }
          },
        },
      });
      const call = pair.client.bidi(ServerReflectionDefinition, 'serverReflectionInfo');
      const responses = call.responses[Symbol.asyncIterator]();
      for (const host of ['a', 'b']) {
        await call.send({ host, messageRequest: undefined });
        expect((await responses.next()).value).toMatchObject({ validHost: host.toUpperCase() });
      }
      call.end();
      expect(await responses.next()).toEqual({ value: undefined, done: true });
      expect(await rejection(call.send({ host: 'c', messageRequest: undefined }))).toBeInstanceOf(RpcError);
    });

    it('ends a call both ways that the server ends first', async () => {
      await using pair = await servePair({
        client: { http2 },
        reflection: {
          async *serverReflectionInfo(requests) {
            for await (const _ of requests) throw new RpcError(RpcCode.aborted, 'enough');
            yield* [];
          },
        },
      });
      const call = pair.client.bidi(ServerReflectionDefinition, 'serverReflectionInfo');
      await call.send({ host: '', messageRequest: undefined });
      const responses = call.responses[Symbol.asyncIterator]();
      expect(await rejection(Promise.resolve(responses.next()))).toMatchObject({ description: 'enough' });
      expect(await rejection(call.send({ host: '', messageRequest: undefined }))).toMatchObject({
        description: 'enough',
      });
    });

    it('connects anew after its connection was lost, and tells of the loss', async () => {
      let first = true;
      await using server = await serveHttp2((stream) => {
        if (!first) return respond(stream, { body: frame(answerBytes) });
        first = false;
        stream.session?.destroy();
      });
      await using client = connect(server.path);
      const lost = signalled();
      client.onClose(() => lost.resolve());
      expect(client.isConnected).toBe(false);
      await rejection(client.unary(HealthDefinition, 'check', { service: '' }));
      await lost.promise;
      expect(await client.unary(HealthDefinition, 'check', { service: '' })).toEqual(SERVING);
      expect(client.isConnected).toBe(true);
    });

    it('connects once for calls that start together', async () => {
      await using pair = await servePair({ client: { http2 }, health: { check: async () => SERVING } });
      await Promise.all(
        Array.from({ length: 20 }, () => pair.client.unary(HealthDefinition, 'check', { service: '' })),
      );
      expect(pair.server.connectionCount).toBe(1);
    });

    it('ends its calls when it is closed, and starts no more', async () => {
      const entered = signalled();
      await using pair = await servePair({
        client: { http2 },
        health: {
          async check(_, { signal }) {
            entered.resolve();
            await aborted(signal);
            throw signal.reason;
          },
        },
      });
      const failed = rejection(pair.client.unary(HealthDefinition, 'check', { service: '' }));
      await entered.promise;
      await pair.client.close();
      expect(await failed).toMatchObject({ status: RpcCode.canceled });
      expect(await rejection(pair.client.unary(HealthDefinition, 'check', { service: '' }))).toMatchObject({
        description: 'grpc: the client connection is closing',
      });
      await pair.client.close();
      expect(pair.client.closed).toBe(true);
    });

    it('gives up on a server that does not answer pings', async () => {
      const acknowledged = signalled();
      await using server = await serveRaw((socket) => {
        socket.write(Buffer.from(EMPTY_SETTINGS, 'hex'));
        socket.on('data', (chunk) => {
          if (chunk.toString('hex').includes(SETTINGS_ACKNOWLEDGED)) acknowledged.resolve();
        });
      });
      const clock = new ManualClock();
      await using client = connect(server.path, { clock, keepaliveMs: 30_000 });
      const failed = rejection(client.unary(HealthDefinition, 'check', { service: '' }));
      await acknowledged.promise;
      clock.advance(30_000);
      clock.advance(20_000);
      expect(String(await failed)).toContain('keepalive ping failed to receive ACK within timeout');
    });
  });
});

/** HTTP/2 frames in hex (RFC 9113, section 6.5). */
const EMPTY_SETTINGS = '000000040000000000';
const SETTINGS_ACKNOWLEDGED = '000000040100000000';

/** Until disposed, a process of root's has the rights of no one in particular. */
function asNobody(): Disposable {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  return {
    [Symbol.dispose]: () => {
      if (isRoot) process.seteuid?.(0);
    },
  };
}
