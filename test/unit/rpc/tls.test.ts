import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { RpcClient, type RpcTlsOptions } from '../../../src/lib/rpc/client.ts';
import {
  type CallContext,
  RpcServer,
  type RpcServerOptions,
  type TlsIdentity,
  type TlsListener,
  type TlsListenerOptions,
} from '../../../src/lib/rpc/server.ts';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { SpiffeWorkloadAPIDefinition as WorkloadApi } from '../../../src/lib/wire/gen/workload.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rejection, signalled } from './fixtures.ts';
import { type Identity, makeIdentity } from './test-certificates.ts';

let root: Identity;
let intermediate: Identity;
let server1: Identity;
let server2: Identity;
let agent: Identity;

beforeAll(async () => {
  root = await makeIdentity('spiffe://example.org', { isCa: true });
  intermediate = await makeIdentity('spiffe://example.org', { isCa: true, issuer: root });
  server1 = await makeIdentity('spiffe://example.org/spire/server', { issuer: intermediate });
  server2 = await makeIdentity('spiffe://example.org/spire/server', { issuer: intermediate });
  agent = await makeIdentity('spiffe://example.org/spire/agent/x', { issuer: intermediate });
});

const chainOf = (...identities: Identity[]): Uint8Array[] => identities.map(({ certificate }) => certificate.der);
const identityOf = (leaf: Identity): TlsIdentity => ({
  certificateChain: chainOf(leaf, intermediate),
  privateKey: leaf.key,
});
const bytes = (chain: readonly Uint8Array[] | undefined): number[][] | undefined => chain?.map((der) => [...der]);

interface Setup extends AsyncDisposable {
  readonly listener: TlsListener;
  readonly server: RpcServer;
  readonly calls: CallContext[];
  readonly refusals: unknown[];
  connect(options?: Partial<RpcTlsOptions>): RpcClient;
}

/** A server on a port of this machine, and clients that trust whatever it shows unless told otherwise. */
async function serveTls(options: Partial<TlsListenerOptions> = {}, settings: RpcServerOptions = {}): Promise<Setup> {
  const calls: CallContext[] = [];
  const refusals: unknown[] = [];
  const server = new RpcServer({ onConnectionError: (error) => refusals.push(error), ...settings });
  server.addService(HealthDefinition, {
    async check(_, call) {
      calls.push(call);
      return { status: 1 };
    },
    async *watch(_, call) {
      yield { status: 1 };
      await once(call.signal, 'abort');
    },
  });
  const listener = await server.listenTls({
    host: '127.0.0.1',
    port: 0,
    secureContext: () => identityOf(server1),
    ...options,
  });
  const clients: RpcClient[] = [];
  return {
    listener,
    server,
    calls,
    refusals,
    connect(tls = {}) {
      const { port } = listener;
      const client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {}, ...tls } });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.close();
      await server.stop();
    },
  };
}

const check = (client: RpcClient): Promise<unknown> => client.unary(HealthDefinition, 'check', { service: '' });
const asAgent = (): Partial<RpcTlsOptions> => ({
  certificateChain: chainOf(agent, intermediate),
  privateKey: agent.key,
});

describe('a TLS port', () => {
  it('shows each side the chain of the other, as it was presented', async () => {
    const seen = signalled<readonly Uint8Array[]>();
    await using setup = await serveTls();
    await check(setup.connect({ ...asAgent(), verifyServer: seen.resolve }));
    expect(bytes(await seen.promise)).toEqual(bytes(chainOf(server1, intermediate)));
    const peer = setup.calls[0]?.peer;
    expect(peer).toMatchObject({ kind: 'tls', address: '127.0.0.1' });
    expect(bytes(peer?.kind === 'tls' ? peer.certificates : undefined)).toEqual(bytes(chainOf(agent, intermediate)));
  });

  it('shows a chain that stops early, and one with its root', async () => {
    for (const chain of [chainOf(agent), chainOf(agent, intermediate, root)]) {
      await using setup = await serveTls();
      await check(setup.connect({ certificateChain: chain, privateKey: agent.key }));
      const peer = setup.calls[0]?.peer;
      expect(bytes(peer?.kind === 'tls' ? peer.certificates : undefined)).toEqual(bytes(chain));
    }
  });

  it('lets a caller without certificate through to the handlers', async () => {
    await using setup = await serveTls({
      verifyClient: () => {
        throw new Error('asked about nobody');
      },
    });
    await check(setup.connect());
    expect(setup.calls[0]?.peer).toMatchObject({ kind: 'tls', certificates: [] });
  });

  it('refuses a caller without certificate if told to', async () => {
    await using setup = await serveTls({ requireClientCertificate: true });
    expect(await rejection(check(setup.connect()))).toMatchObject({ status: RpcCode.unavailable });
    expect(setup.calls).toEqual([]);
    expect(setup.refusals).toMatchObject([{ code: 'unauthenticated' }]);
  });

  it('refuses a caller whose certificates do not verify, before any call', async () => {
    const reason = new Error('unknown authority');
    await using setup = await serveTls({
      verifyClient: (chain, peer) => {
        expect(bytes(chain)).toEqual(bytes(chainOf(agent, intermediate)));
        expect(peer.certificates).toBe(chain);
        throw reason;
      },
    });
    expect(await rejection(check(setup.connect(asAgent())))).toMatchObject({ status: RpcCode.unavailable });
    expect(setup.calls).toEqual([]);
    expect(setup.refusals).toEqual([reason]);
  });

  it('gets nothing from a client that refuses its certificates', async () => {
    await using setup = await serveTls();
    const client = setup.connect({
      verifyServer: () => {
        throw new Error('x509svid: could not get X509 bundle');
      },
    });
    expect(String(await rejection(check(client)))).toBe(
      'RpcError: rpc error: code = Unavailable desc = connection error: desc = "transport: authentication handshake failed: x509svid: could not get X509 bundle"',
    );
    expect(setup.calls).toEqual([]);
  });

  it('takes a new identity for new connections', async () => {
    let current = server1;
    const leaves: (number[] | undefined)[] = [];
    await using setup = await serveTls({ secureContext: () => identityOf(current) });
    const connect = (): RpcClient => setup.connect({ verifyServer: (chain) => leaves.push(bytes(chain)?.[0]) });
    const old = connect();
    await check(old);
    current = server2;
    setup.listener.rotate();
    await check(connect());
    await check(old);
    expect(leaves).toEqual([server1, server2].map(({ certificate }) => [...certificate.der]));
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes no session of %s', async (version) => {
    await using setup = await serveTls();
    const options = {
      host: '127.0.0.1',
      port: setup.listener.port,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      minVersion: version,
      maxVersion: version,
    };
    const first = connectTls(options);
    let session: Buffer | undefined;
    first.on('session', (found) => {
      session = found;
    });
    await settled(first);
    session ??= first.getSession();
    first.destroy();
    const second = connectTls({ ...options, ...(session === undefined ? {} : { session }) });
    await settled(second);
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '1.14.3: lets nobody in with a session of %s saved before the bundle changed',
    async (version) => {
      let isTrusted = true;
      await using setup = await serveTls({
        verifyClient: () => {
          if (!isTrusted) throw new Error('certificate signed by unknown authority');
        },
      });
      const options = {
        host: '127.0.0.1',
        port: setup.listener.port,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        minVersion: version,
        maxVersion: version,
        cert: chainOf(agent, intermediate).map(pem).join(''),
        key: agent.key.export({ type: 'pkcs8', format: 'pem' }),
      };
      const first = connectTls(options);
      let session: Buffer | undefined;
      first.on('session', (found) => {
        session = found;
      });
      await settled(first);
      session ??= first.getSession();
      first.destroy();
      isTrusted = false;
      const second = connectTls({ ...options, ...(session === undefined ? {} : { session }) });
      second.on('error', () => {});
      second.resume();
      await new Promise((resolve) => second.once('close', resolve));
      expect(setup.refusals).toHaveLength(1);
    },
  );

  it('speaks no TLS before 1.2 and nothing but HTTP/2', async () => {
    await using setup = await serveTls();
    const { port } = setup.listener;
    const old = connectTls({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    });
    await rejection(once(old, 'secureConnect'));
    const http1 = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
    await rejection(once(http1, 'secureConnect'));
    const none = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    none.on('error', () => {});
    none.resume();
    await once(none, 'close');
    expect(setup.refusals.length).toBe(3);
    await check(setup.connect());
  });

  it('closes clients that speak no TLS, and goes on', async () => {
    await using setup = await serveTls();
    const socket = connectTcp(setup.listener.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    expect(setup.refusals).toHaveLength(1);
    await check(setup.connect());
  });

  it('answers a first call that it refuses at once, over each kind of HTTP/2', async () => {
    await using setup = await serveTls();
    for (const http2 of ['light', 'node'] as const) {
      const { port } = setup.listener;
      const target = { kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {} } } as const;
      await using client = new RpcClient(target, { http2 });
      const calls = Array.from({ length: 3 }, () =>
        rejection(client.serverStream(WorkloadApi, 'fetchX509SVID', {}).next()),
      );
      for (const error of await Promise.all(calls)) expect(error).toMatchObject({ status: RpcCode.unimplemented });
    }
  });

  it('ends with its server, handshakes included', async () => {
    const setup = await serveTls();
    const silent = connectTcp(setup.listener.port, '127.0.0.1');
    silent.on('error', () => {});
    silent.resume();
    await once(silent, 'connect');
    await check(setup.connect());
    const closed = once(silent, 'close');
    await setup[Symbol.asyncDispose]();
    await closed;
    expect(setup.server.connectionCount).toBe(0);
  });

  it('is refused when it is taken', async () => {
    await using setup = await serveTls();
    await using other = new RpcServer();
    const failed = other.listenTls({
      host: '127.0.0.1',
      port: setup.listener.port,
      secureContext: () => identityOf(server1),
    });
    expect(await rejection(failed)).toMatchObject({ code: 'io-error' });
  });
});

describe('RpcClient over TLS', () => {
  it('1.14.3: resumes no session, and so looks at the certificates of each connection, though the server would let it', async () => {
    const { createSecureServer } = await import('node:http2');
    const sessions: boolean[] = [];
    const server = createSecureServer({
      cert: chainOf(server1, intermediate).map(pem).join(''),
      key: server1.key.export({ type: 'pkcs8', format: 'pem' }),
    });
    server.on('sessionError', () => {});
    server.on('secureConnection', (socket) => {
      sessions.push(socket.isSessionReused());
      socket.on('error', () => {});
    });
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' }, { endStream: true });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const verified: unknown[] = [];
    for (let connection = 1; connection <= 3; connection += 1) {
      const tls = { verifyServer: (chain: unknown) => void verified.push(chain) };
      await using client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls });
      expect(await rejection(check(client))).toMatchObject({ status: RpcCode.unimplemented });
      expect(verified).toHaveLength(connection);
    }
    expect(sessions).toEqual([false, false, false]);
    await new Promise((resolve) => server.close(resolve));
  });

  it('fails on a server that speaks no TLS, and on one that hangs up', async () => {
    const { createServer } = await import('node:net');
    for (const answer of ['SSH-2.0-OpenSSH_9.0\r\n', '']) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end(answer));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      await using client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {} } });
      expect(String(await rejection(check(client)))).toContain('transport: authentication handshake failed: ');
      server.close();
    }
  });

  it('gives up a handshake when its call is given up and it is closed', async () => {
    const { createServer } = await import('node:net');
    const accepted = signalled();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => accepted.resolve());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const client = new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {} } });
    const failed = rejection(check(client));
    await accepted.promise;
    await client.close();
    expect(await failed).toMatchObject({ status: RpcCode.canceled });
    await new Promise((resolve) => server.close(resolve));
  });
});

function pem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
}

/** Waits until the handshake is over and, for TLS 1.3, a session would have arrived: with the first data. */
async function settled(socket: TLSSocket): Promise<void> {
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  // The opening of HTTP/2 makes the server send its settings, after any session ticket.
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
  await once(socket, 'data');
}

describe('a connection that is old', () => {
  const portsOf = ({ calls }: Setup): number[] => calls.map(({ peer }) => (peer.kind === 'tls' ? peer.port : 0));

  it('takes no more calls: its client shows who it is by now on another one', async () => {
    const clock = new ManualClock();
    await using setup = await serveTls({}, { clock, maxConnectionAgeMs: 180_000 });
    const client = setup.connect(asAgent());
    await check(client);
    clock.advance(160_000);
    await check(client);
    clock.advance(40_000);
    await expect.poll(() => client.isConnected).toBe(false);
    await check(client);
    const [first, second, third] = portsOf(setup);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('lets the calls end that are under way', async () => {
    const clock = new ManualClock();
    await using setup = await serveTls({}, { clock, maxConnectionAgeMs: 180_000 });
    const client = setup.connect(asAgent());
    const stream = client.serverStream(HealthDefinition, 'watch', { service: '' })[Symbol.asyncIterator]();
    await stream.next();
    let hasEnded = false;
    const ended = stream.next().then(
      () => undefined,
      () => {
        hasEnded = true;
      },
    );
    clock.advance(200_000);
    await expect.poll(() => client.isConnected).toBe(false);
    await check(client);
    expect(hasEnded).toBe(false);
    await client.close();
    await ended;
  });
});
