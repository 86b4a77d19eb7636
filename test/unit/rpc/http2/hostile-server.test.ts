import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { RpcError } from '../../../../src/lib/rpc/status.ts';
import { HealthCheckResponse, HealthDefinition } from '../../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { frame as frameMessage, rejection, respond, serveHttp2, serveRaw, signalled } from '../fixtures.ts';

/** An HTTP/2 frame (RFC 9113, section 4.1). */
function frame(type: number, flags: number, streamId: number, payload = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

const SETTINGS = frame(4, 0, 0);
const PING = frame(6, 0, 0, Buffer.alloc(8));

/** Writes the same bytes for as long as the other side takes them. */
function flood(socket: Socket, bytes: Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.writable) {
      if (!socket.write(bytes)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

describe('RpcClient over its own HTTP/2', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['sends noise', (socket) => flood(socket, Buffer.alloc(4096, 0xa5))],
    ['sends half a frame and hangs up', (socket) => socket.end(SETTINGS.subarray(0, 5))],
    [
      'sends pings and reads no answer',
      (socket) => {
        socket.pause();
        flood(socket, Buffer.concat([SETTINGS, ...Array(1000).fill(PING)]));
      },
    ],
    [
      'sends settings and reads no answer',
      (socket) => {
        socket.pause();
        flood(socket, Buffer.concat(Array(1000).fill(SETTINGS)));
      },
    ],
    [
      'never ends its header block',
      (socket) => {
        socket.write(Buffer.concat([SETTINGS, frame(1, 0, 1)]));
        flood(socket, frame(9, 0, 1));
      },
    ],
    [
      'sends a header block of megabytes',
      (socket) => {
        socket.write(Buffer.concat([SETTINGS, frame(1, 0, 1)]));
        flood(socket, frame(9, 0, 1, Buffer.alloc(16_384)));
      },
    ],
    [
      'sends small headers that unpack to large ones',
      (socket) => {
        const entry = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0x81, 0x1e]), Buffer.alloc(4000, 'x')]);
        socket.write(Buffer.concat([SETTINGS, frame(1, 4, 1, Buffer.concat([entry, Buffer.alloc(8000, 0xbe)]))]));
      },
    ],
    [
      'opens the window by nothing',
      (socket) => socket.write(Buffer.concat([SETTINGS, frame(8, 0, 0, Buffer.alloc(4))])),
    ],
    ['pushes', (socket) => socket.write(Buffer.concat([SETTINGS, frame(5, 4, 1, Buffer.alloc(4))]))],
    [
      'says goodbye before the call',
      (socket) => socket.write(Buffer.concat([SETTINGS, frame(7, 0, 0, Buffer.alloc(8))])),
    ],
  ])('ends the call when a server %s', async (_, behave) => {
    await using server = await serveRaw((socket) => {
      socket.resume();
      socket.once('data', () => behave(socket));
    });
    await using client = new RpcClient({ kind: 'unix', path: server.path });
    const before = process.memoryUsage().rss;
    const error = await rejection(client.unary(HealthDefinition, 'check', { service: '' }, { timeoutMs: 20_000 }));
    expect(error).toBeInstanceOf(RpcError);
    expect(error).not.toMatchObject({ code: 'deadline-exceeded' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
  });
});

describe('a whole response whose connection ends before it is read', () => {
  it('is still read to its end', async () => {
    const answered = signalled();
    await using server = await serveHttp2((stream) => {
      const message = frameMessage(HealthCheckResponse.encode({ status: 1 }).finish());
      respond(stream, { body: Buffer.concat(Array(50_000).fill(message)) });
      stream.once('close', () => {
        stream.session?.destroy();
        answered.resolve();
      });
    });
    await using client = new RpcClient({ kind: 'unix', path: server.path });
    let count = 0;
    for await (const _ of client.serverStream(HealthDefinition, 'watch', { service: '' })) {
      count += 1;
      if (count === 1) await answered.promise;
    }
    expect(count).toBe(50_000);
  });
});
