import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcClient, type RpcClientOptions } from '../../../src/lib/rpc/client.ts';
import { RpcServer, type RpcServerOptions, type ServiceImplementation } from '../../../src/lib/rpc/server.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { ServerReflectionDefinition } from '../../../src/lib/wire/gen/grpc/reflection/v1/reflection.ts';

/** A folder that goes away with its test. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'rpc-'));

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A real server on a unix socket with a client connected to it. */
export interface Pair extends AsyncDisposable {
  readonly server: RpcServer;
  readonly client: RpcClient;
  readonly path: string;
}

/** Serves `grpc.health.v1.Health` (unary, server stream) and server reflection (both ways) as given. */
export async function servePair(options: {
  readonly health?: ServiceImplementation<typeof HealthDefinition>;
  readonly reflection?: ServiceImplementation<typeof ServerReflectionDefinition>;
  readonly server?: RpcServerOptions;
  readonly client?: RpcClientOptions;
  readonly configure?: (server: RpcServer) => void;
}): Promise<Pair> {
  const folder = new TemporaryFolder();
  const path = folder.file('s.sock');
  const server = new RpcServer(options.server);
  server.addService(HealthDefinition, options.health ?? {});
  server.addService(ServerReflectionDefinition, options.reflection ?? {});
  options.configure?.(server);
  await server.listenUnix({ path, socketMode: 0o777 });
  const client = new RpcClient({ kind: 'unix', path }, options.client);
  return {
    server,
    client,
    path,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.stop();
      folder[Symbol.dispose]();
    },
  };
}

/** A server that is no gRPC server, on a unix socket. */
export interface Impostor extends AsyncDisposable {
  readonly path: string;
}

/** Handles raw connections. */
export async function serveRaw(handle: (socket: Socket) => void): Promise<Impostor> {
  const folder = new TemporaryFolder();
  const path = folder.file('s.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  return { path, [Symbol.asyncDispose]: async () => close(server, sockets, folder) };
}

/** Handles HTTP/2 streams. */
export async function serveHttp2(
  handle: (stream: ServerHttp2Stream) => void,
  onHeaders?: (headers: IncomingHttpHeaders) => void,
): Promise<Impostor> {
  const folder = new TemporaryFolder();
  const path = folder.file('s.sock');
  const sockets = new Set<Socket>();
  const server = createHttp2Server();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    onHeaders?.(headers);
    stream.on('error', () => {});
    handle(stream);
  });
  server.listen(path);
  await once(server, 'listening');
  return { path, [Symbol.asyncDispose]: async () => close(server, sockets, folder) };
}

/** Answers with these bytes as gRPC body, then these trailers. */
export function respond(
  stream: ServerHttp2Stream,
  answer: { body?: Uint8Array; headers?: Record<string, string>; trailers?: Record<string, string> },
): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...answer.headers }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(answer.trailers ?? { 'grpc-status': '0' }));
  stream.end(answer.body ?? Buffer.alloc(0));
}

/** A gRPC frame. */
export function frame(message: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

/** A promise and the means to keep it. */
export function signalled<T = void>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, resolve };
}

/** Waits until the signal aborts and tells its reason. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

/** What a promise was rejected with. Throws if it was not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`not rejected but resolved with ${JSON.stringify(value)}`);
}

async function close(
  server: { close(done: () => void): unknown },
  sockets: Iterable<Socket>,
  folder: TemporaryFolder,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
  folder[Symbol.dispose]();
}
