import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { HealthDefinition } from '../../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { rejection, serveRaw, signalled } from '../fixtures.ts';

/** A frame in hex: type, flags and stream as in RFC 9113, section 4.1. */
function frame(type: number, flags: number, streamId: number, payload = ''): string {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length / 2, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return header.toString('hex') + payload;
}

const SETTINGS = frame(4, 0, 0);
/** `:status: 200` and `content-type: application/grpc`. */
const HEADERS = `885f10${Buffer.from('application/grpc').toString('hex')}`;
/** `grpc-status: 0`. */
const TRAILERS = `000b${Buffer.from('grpc-status').toString('hex')}0130`;
const MESSAGE = '00000000020801';

/** Makes one call to a server that says these frames, and tells how it ended and what the client said last. */
async function call(frames: readonly string[]): Promise<{ outcome: unknown; said: string }> {
  const closed = signalled<string>();
  await using server = await serveRaw((socket) => {
    let said = '';
    socket.on('data', (chunk) => {
      // The request is out: the stream with the number 1 is open.
      if (said === '') socket.write(Buffer.from(frames.join(''), 'hex'));
      said += chunk.toString('hex');
    });
    void once(socket, 'close').then(() => closed.resolve(said));
  });
  await using client = new RpcClient({ kind: 'unix', path: server.path });
  const answer = client.unary(HealthDefinition, 'check', { service: '' });
  const outcome = await answer.catch((error: unknown) => String(error));
  await client.close();
  return { outcome, said: await closed.promise };
}

describe('the small HTTP/2', () => {
  it.each<[string, readonly string[]]>([
    ['plain frames', [frame(1, 4, 1, HEADERS), frame(0, 0, 1, MESSAGE), frame(1, 5, 1, TRAILERS)]],
    [
      'padded and prioritised frames',
      [
        frame(1, 0x2c, 1, `02${'0'.repeat(10)}${HEADERS}0000`),
        frame(0, 8, 1, `03${MESSAGE}000000`),
        frame(1, 5, 1, TRAILERS),
      ],
    ],
    [
      'header blocks in pieces',
      [
        frame(1, 0, 1, HEADERS.slice(0, 8)),
        frame(9, 0, 1, HEADERS.slice(8, 20)),
        frame(9, 4, 1, HEADERS.slice(20)),
        frame(0, 0, 1, MESSAGE),
        frame(1, 1, 1, TRAILERS.slice(0, 6)),
        frame(9, 4, 1, TRAILERS.slice(6)),
      ],
    ],
    [
      'frames of unknown types, informational headers and pings',
      [
        frame(0xfa, 0xff, 7, '00'),
        frame(2, 0, 1, '0000000000'),
        frame(6, 0, 0, '0102030405060708'),
        frame(1, 4, 1, '0803313033'),
        frame(1, 4, 1, HEADERS),
        frame(0, 0, 1, MESSAGE),
        frame(1, 5, 1, TRAILERS),
      ],
    ],
  ])('reads %s', async (_, frames) => {
    const { outcome } = await call([SETTINGS, ...frames]);
    expect(outcome).toEqual({ status: 1 });
  });

  it('answers settings and pings', async () => {
    const answered = [frame(1, 4, 1, HEADERS), frame(0, 0, 1, MESSAGE), frame(1, 5, 1, TRAILERS)];
    const { said } = await call([SETTINGS, frame(6, 0, 0, '0102030405060708'), ...answered]);
    expect(said).toContain(frame(4, 1, 0));
    expect(said).toContain(frame(6, 1, 0, '0102030405060708'));
  });

  it.each<[string, number, readonly string[]]>([
    ['anything before settings', 1, [frame(6, 0, 0, '0102030405060708')]],
    ['settings of a stream', 1, [frame(4, 0, 1)]],
    ['settings of a wrong length', 6, [frame(4, 0, 0, '00')]],
    ['an initial window that is too large', 3, [frame(4, 0, 0, '000480000000')]],
    ['headers for a stream that was never opened', 1, [SETTINGS, frame(1, 4, 3, HEADERS)]],
    ['data for a stream of its own', 1, [SETTINGS, frame(0, 0, 2, MESSAGE)]],
    ['a header block that is interrupted', 1, [SETTINGS, frame(1, 0, 1, HEADERS), frame(6, 0, 0, '0102030405060708')]],
    ['a continuation of nothing', 1, [SETTINGS, frame(9, 4, 1, HEADERS)]],
    ['a header block without end', 11, [SETTINGS, frame(1, 0, 1, HEADERS), ...Array(70).fill(frame(9, 0, 1))]],
    ['padding longer than its frame', 1, [SETTINGS, frame(0, 8, 1, 'ff00')]],
    ['a pushed stream', 1, [SETTINGS, frame(5, 4, 1, `00000002${HEADERS}`)]],
    ['a frame larger than agreed', 6, [SETTINGS, frame(0, 0, 1, '00'.repeat(16_385))]],
    ['a ping of a wrong length', 6, [SETTINGS, frame(6, 0, 0, '00')]],
    ['a reset of a wrong length', 6, [SETTINGS, frame(3, 0, 1, '00')]],
    ['a goaway of a wrong length', 6, [SETTINGS, frame(7, 0, 0, '00')]],
    ['a window update of nothing', 1, [SETTINGS, frame(8, 0, 0, '00000000')]],
    ['a window beyond its limit', 3, [SETTINGS, frame(8, 0, 0, '7fffffff')]],
    ['header compression that makes no sense', 9, [SETTINGS, frame(1, 4, 1, 'be')]],
  ])('gives a connection up over %s', async (_, code, frames) => {
    const { outcome, said } = await call(frames);
    expect(outcome).toContain('code = Unavailable desc = ');
    expect(said).toContain(frame(7, 0, 0, `00000000${code.toString(16).padStart(8, '0')}`));
  });

  it('takes back requests that a server which goes away has not begun', async () => {
    const { outcome } = await call([SETTINGS, frame(7, 0, 0, '0000000000000000')]);
    expect(outcome).toContain('stream terminated by RST_STREAM with error code: REFUSED_STREAM');
  });

  it('does not send more requests at a time than the server takes', async () => {
    const acknowledged = signalled();
    const closed = signalled<string>();
    await using server = await serveRaw((socket) => {
      let said = '';
      // One stream at a time.
      socket.write(Buffer.from(frame(4, 0, 0, '000300000001'), 'hex'));
      socket.on('data', (chunk) => {
        said += chunk.toString('hex');
        if (said.includes(frame(4, 1, 0))) acknowledged.resolve();
      });
      void once(socket, 'close').then(() => closed.resolve(said));
    });
    await using client = new RpcClient({ kind: 'unix', path: server.path });
    const first = rejection(client.unary(HealthDefinition, 'check', { service: '' }));
    await acknowledged.promise;
    const second = rejection(client.unary(HealthDefinition, 'check', { service: '' }));
    await client.close();
    const said = await closed.promise;
    const headersOf = (id: number): string => frame(1, 4, id).slice(6);
    expect([said.includes(headersOf(1)), said.includes(headersOf(3))]).toEqual([true, false]);
    expect([String(await first), String(await second)]).toEqual(
      Array(2).fill('RpcError: rpc error: code = Canceled desc = grpc: the client connection is closing'),
    );
  });
});
