import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { RpcError } from '../../../../src/lib/rpc/status.ts';
import { HealthCheckResponse, HealthDefinition } from '../../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { frame, TemporaryFolder } from '../fixtures.ts';

/** What a server does with one call. */
interface Behaviour {
  readonly contentType: string;
  readonly headers: number;
  /** Sizes of the messages; they carry their size in a field that this package's schema does not know. */
  readonly messages: readonly number[];
  /** How the body is cut into frames, in bytes. */
  readonly piece: number;
  readonly end:
    | { readonly kind: 'trailers'; readonly status: number; readonly message: string; readonly count: number }
    | { readonly kind: 'no trailers' }
    | { readonly kind: 'reset'; readonly code: number }
    | { readonly kind: 'headers only'; readonly status: number };
  readonly waitsForRequest: boolean;
}

interface Scenario {
  readonly maxStreams: number;
  readonly initialWindow: number;
  readonly tableBytes: number;
  readonly calls: readonly { readonly requestBytes: number; readonly behaviour: Behaviour }[];
}

const size = fc.oneof(
  { weight: 8, arbitrary: fc.nat(200) },
  { weight: 2, arbitrary: fc.nat(40_000) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 1_300_000 }) },
);

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  contentType: fc.oneof(
    { weight: 9, arbitrary: fc.constant('application/grpc') },
    { weight: 1, arbitrary: fc.constantFrom('application/grpc+proto', 'text/html', 'application/grpcish') },
  ),
  // Node takes no more than 128.
  headers: fc.oneof(fc.nat(5), fc.nat(110)),
  messages: fc.array(size, { maxLength: 4 }),
  piece: fc.constantFrom(7_000, 16_384, 100_000),
  end: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('trailers' as const),
        status: fc.oneof(fc.constant(0), fc.nat(17)),
        message: fc.string({ maxLength: 20 }),
        count: fc.nat(10),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('no trailers' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), code: fc.integer({ min: 1, max: 13 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('headers only' as const), status: fc.nat(16) }),
    },
  ),
  waitsForRequest: fc.boolean(),
});

const scenario: fc.Arbitrary<Scenario> = fc.record({
  maxStreams: fc.constantFrom(1, 2, 100),
  initialWindow: fc.constantFrom(1_000, 65_535, 1_000_000),
  tableBytes: fc.constantFrom(0, 100, 4096, 65_536),
  calls: fc.array(fc.record({ requestBytes: size, behaviour }), { minLength: 1, maxLength: 6 }),
});

const WELCOME: Behaviour = {
  contentType: 'application/grpc',
  headers: 0,
  messages: [0],
  piece: 100,
  end: { kind: 'trailers', status: 0, message: '', count: 0 },
  waitsForRequest: true,
};

/** A message of about so many bytes: an unknown field of that length. */
function message(bytes: number): Buffer {
  const body = HealthCheckResponse.encode({ status: 1 }).finish();
  const filler = Buffer.alloc(bytes, 'x');
  const length: number[] = [];
  for (let rest = filler.length; ; rest >>>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) break;
  }
  return frame(Buffer.concat([body, Buffer.of(0x7a), Buffer.from(length), filler]));
}

async function act(stream: ServerHttp2Stream, what: Behaviour): Promise<void> {
  stream.on('error', () => {});
  stream.resume();
  if (what.waitsForRequest) await once(stream, 'end');
  const headers: Record<string, string | number> = { ':status': 200, 'content-type': what.contentType };
  for (let i = 0; i < what.headers; i += 1) headers[`x-header-${i}`] = `value ${i % 7}`;
  const { end } = what;
  if (end.kind === 'headers only') {
    headers['grpc-status'] = end.status;
    stream.respond(headers, { endStream: true });
    return;
  }
  if (end.kind === 'reset') {
    // Before any answer: how much of one arrives before a reset is chance.
    stream.close(end.code);
    return;
  }
  stream.respond(headers, { waitForTrailers: end.kind === 'trailers' });
  stream.on('wantTrailers', () => {
    if (end.kind !== 'trailers') return;
    const trailers: Record<string, string | number> = {
      'grpc-status': end.status,
      'grpc-message': encodeURIComponent(end.message),
    };
    for (let i = 0; i < end.count; i += 1) trailers[`x-trailer-${i}`] = 'x'.repeat(i);
    stream.sendTrailers(trailers);
  });
  const body = Buffer.concat(what.messages.map(message));
  for (let at = 0; at < body.length; at += what.piece) stream.write(body.subarray(at, at + what.piece));
  stream.end();
}

/** Runs the calls of a scenario together and tells how each went. */
async function run(plan: Scenario, http2: 'light' | 'node'): Promise<unknown[]> {
  using folder = new TemporaryFolder();
  const path = folder.file('s.sock');
  const sockets = new Set<Socket>();
  const server = createServer({
    settings: {
      maxConcurrentStreams: plan.maxStreams,
      initialWindowSize: plan.initialWindow,
      headerTableSize: plan.tableBytes,
    },
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    const call = plan.calls[Number(headers['x-call'])];
    // Node's server counts a stream that it has answered early for a moment longer than the protocol does.
    const mustWait = plan.maxStreams < plan.calls.length;
    const what = call?.behaviour ?? WELCOME;
    void act(stream, mustWait ? { ...what, waitsForRequest: true } : what).catch(() => {});
  });
  server.listen(path);
  await once(server, 'listening');
  try {
    await using client = new RpcClient({ kind: 'unix', path }, { http2 });
    // The first call learns of the limits.
    await client.unary(HealthDefinition, 'check', { service: '' });
    return await Promise.all(
      plan.calls.map(async ({ requestBytes }, index) => {
        const seen: unknown[] = [];
        try {
          const responses = client.serverStream(
            HealthDefinition,
            'watch',
            { service: 'x'.repeat(requestBytes) },
            { metadata: { 'x-call': String(index) }, timeoutMs: 3_000 },
          );
          for await (const response of responses) {
            seen.push(response.status);
            // Reads slowly, so that windows fill.
            await new Promise((resolve) => setImmediate(resolve));
          }
          return [seen, 'OK'];
        } catch (error) {
          return error instanceof RpcError ? [seen, error.message] : [seen, String(error)];
        }
      }),
    );
  } finally {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}

describe('both kinds of HTTP/2', () => {
  it('end calls in the same way, whatever the server does', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (plan) => {
        expect(await run(plan, 'light')).toEqual(await run(plan, 'node'));
      }),
      { numRuns: 60 },
    );
  });
});
