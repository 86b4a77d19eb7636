import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import { RpcServer, type TlsListener } from '../../../src/lib/rpc/server.ts';
import { TrustedProxies } from '../../../src/lib/rpc/trusted-proxies.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { HeaderProxy } from '../../support/header-proxy.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { rejection } from './fixtures.ts';
import { type Identity, makeIdentity } from './test-certificates.ts';

let identity: Identity;
beforeAll(async () => {
  identity = await makeIdentity('spiffe://example.org/spire/server');
});

interface Setup {
  readonly listener: TlsListener;
  /** The addresses that calls came from. */
  readonly sources: string[];
  readonly refusals: { readonly error: string; readonly from: string }[];
  readonly clock: ManualClock;
}

let stack: AsyncDisposableStack;
afterEach(() => stack.disposeAsync());

async function serve(trustedProxies: readonly string[], maxConnections?: number): Promise<Setup> {
  stack = new AsyncDisposableStack();
  const sources: string[] = [];
  const refusals: Setup['refusals'] = [];
  const clock = new ManualClock();
  const server = stack.use(
    new RpcServer({
      clock,
      maxConnections,
      onConnectionError: (error, from) => refusals.push({ error: String(error), from }),
    }),
  );
  server.addService(HealthDefinition, {
    async check(_, { peer }) {
      if (peer.kind === 'tls') sources.push(`${peer.address} ${peer.port}`);
      return { status: 1 };
    },
  });
  const secureContext = () => ({ certificateChain: [identity.certificate.der], privateKey: identity.key });
  const listener = await server.listenTls({ host: '127.0.0.1', port: 0, secureContext, trustedProxies });
  return { listener, sources, refusals, clock };
}

/** A client of a proxy that sends the pieces before what the client sends. */
async function clientBehind(listener: TlsListener, ...pieces: readonly (string | Buffer)[]): Promise<RpcClient> {
  const { port } = stack.use(await HeaderProxy.open(listener.port, ...pieces));
  return stack.use(new RpcClient({ kind: 'tcp', host: '127.0.0.1', port, tls: { verifyServer: () => {} } }));
}

const check = (client: RpcClient) => client.unary(HealthDefinition, 'check', { service: '' });
const V1 = 'PROXY TCP4 192.0.2.7 127.0.0.1 4711 8081\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002087f00000112671f91', 'hex');

describe('a TLS port behind proxies', () => {
  it('takes the address of the client from headers of trusted proxies', async () => {
    const { listener, sources, refusals } = await serve(['127.0.0.0/8']);
    await check(await clientBehind(listener, V1));
    await check(await clientBehind(listener, V2));
    expect(sources).toEqual(['192.0.2.7 4711', '192.0.2.8 4711']);
    expect(refusals).toEqual([]);
  });

  it('puts a header together from pieces', async () => {
    const { listener, sources } = await serve(['127.0.0.1/32']);
    await check(await clientBehind(listener, V1.slice(0, 3), V1.slice(3, 20), V1.slice(20)));
    await check(await clientBehind(listener, V2.subarray(0, 14), V2.subarray(14)));
    expect(sources).toEqual(['192.0.2.7 4711', '192.0.2.8 4711']);
  });

  it('takes the other end where no header says more', async () => {
    const { listener, sources } = await serve(['127.0.0.0/8']);
    await check(await clientBehind(listener));
    await check(await clientBehind(listener, 'PROXY UNKNOWN\r\n'));
    expect(sources.map((source) => source.split(' ')[0])).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  it('F33: ends connections whose header comes from an address that is not trusted', async () => {
    const { listener, sources, refusals } = await serve(['192.0.2.0/24']);
    for (const header of [V1, V2]) {
      expect(await rejection(check(await clientBehind(listener, header)))).toMatchObject({ code: 'unavailable' });
    }
    await check(await clientBehind(listener));
    expect(sources).toHaveLength(1);
    expect(refusals.map(({ error }) => error)).toEqual(
      Array(2).fill('SpirekitError: a PROXY protocol header from an address that is not trusted'),
    );
  });

  it('reads no headers where no proxy is trusted', async () => {
    const { listener, sources } = await serve([]);
    expect(await rejection(check(await clientBehind(listener, V1)))).toMatchObject({ code: 'unavailable' });
    await check(await clientBehind(listener));
    expect(sources).toHaveLength(1);
  });

  it('ends connections with a malformed header, and names their end', async () => {
    const { listener, refusals } = await serve(['127.0.0.0/8']);
    await rejection(check(await clientBehind(listener, 'PROXY TCP4 a b c d\r\n')));
    expect(refusals).toMatchObject([
      {
        error: expect.stringContaining('malformed PROXY protocol header'),
        from: expect.stringMatching(/^127\.0\.0\.1:/),
      },
    ]);
  });

  it('waits for a header no longer than for a handshake', async () => {
    const { listener, refusals, clock } = await serve(['127.0.0.0/8']);
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('PROXY ');
    await expect.poll(() => clock.pending).toBeGreaterThan(0);
    await clock.advance(20_000);
    await once(socket, 'close');
    expect(refusals.map(({ error }) => error)).toEqual(['SpirekitError: the first bytes do not come']);
  });

  it('counts connections on the account of the client, not of its proxy', async () => {
    const { listener } = await serve(['127.0.0.0/8'], 4);
    const clients: RpcClient[] = [];
    for (let host = 1; host <= 4; host += 1) {
      const client = await clientBehind(listener, V1.replace('192.0.2.7', `192.0.2.${host}`));
      clients.push(client);
      await check(client);
    }
    expect(clients.every((client) => client.isConnected)).toBe(true);
  });

  it('knows networks of both families, and IPv4 as part of IPv6', () => {
    const proxies = new TrustedProxies(['10.1.2.3/8', '2001:db8::/32', '192.0.2.1/32']);
    for (const address of ['10.9.9.9', '::ffff:10.0.0.1', '2001:db8:1::1', '192.0.2.1'])
      expect(proxies.has(address)).toBe(true);
    for (const address of ['11.0.0.1', '::ffff:11.0.0.1', '2001:db9::1', '192.0.2.2', '', '::1']) {
      expect(proxies.has(address)).toBe(false);
    }
  });
});
