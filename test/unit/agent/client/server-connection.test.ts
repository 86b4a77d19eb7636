import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isUnknownAuthority } from '../../../../src/lib/agent/client/server-authentication.ts';
import { ServerConnection } from '../../../../src/lib/agent/client/server-connection.ts';
import type { Certificate } from '../../../../src/lib/crypto/certificate.ts';
import type { RpcClient } from '../../../../src/lib/rpc/client.ts';
import { RpcCode, RpcError } from '../../../../src/lib/rpc/status.ts';
import { TrustDomain } from '../../../../src/lib/spiffe/trust-domain.ts';
import { BundleDefinition } from '../../../../src/lib/wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { makeCa } from '../certificates.ts';
import { StandInServer } from '../stand-in-server.ts';
import { rejection, settle, TRUST_DOMAIN } from '../support.ts';

const clock = new ManualClock();
let server: StandInServer;
beforeAll(async () => {
  server = await StandInServer.open({ clock });
});
afterAll(() => server[Symbol.asyncDispose]());

function connect(authorities: () => readonly Certificate[] | undefined, trustDomain = TRUST_DOMAIN): ServerConnection {
  const address = { address: '127.0.0.1', port: server.port };
  return new ServerConnection({ ...address, trustDomain, credentials: () => undefined, authorities, clock });
}

const getBundle = (client: RpcClient) => client.unary(BundleDefinition, 'getBundle', { outputMask: undefined });

describe('the server', () => {
  test('is known by an authority of the bundle', async () => {
    await using connection = connect(() => [server.ca.certificate]);
    expect((await connection.use(getBundle)).trustDomain).toBe('example.org');
  });

  test('is refused when another authority has signed its certificate', async () => {
    const stranger = await makeCa(clock.nowMs());
    await using connection = connect(() => [stranger.certificate]);
    const error = await rejection(connection.use(getBundle));
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(isUnknownAuthority(error)).toBe(true);
  });

  test('is refused when there is no authority', async () => {
    await using connection = connect(() => []);
    expect(isUnknownAuthority(await rejection(connection.use(getBundle)))).toBe(true);
  });

  test('is refused as the server of another trust domain, even with that authority', async () => {
    await using connection = connect(() => [server.ca.certificate], TrustDomain.parse('other.org'));
    await expect(connection.use(getBundle)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('is refused when it shows the SVID of a workload or agent', async () => {
    await using impostor = await StandInServer.open({ clock });
    for (const path of ['/spire/agent/x', '/spire/server2', '/web']) {
      await impostor.useIdentity(path);
      const address = { address: '127.0.0.1', port: impostor.port, trustDomain: TRUST_DOMAIN, clock };
      await using connection = new ServerConnection({
        ...address,
        credentials: () => undefined,
        authorities: () => [impostor.ca.certificate],
      });
      await expect(connection.use(getBundle)).rejects.toThrow(`unexpected ID \\"spiffe://example.org${path}\\"`);
    }
  });

  test('is refused when its certificate has expired', async () => {
    await using late = new ServerConnection({
      address: '127.0.0.1',
      port: server.port,
      trustDomain: TRUST_DOMAIN,
      credentials: () => undefined,
      authorities: () => [server.ca.certificate],
      clock: new ManualClock(clock.nowMs() + 81_000_000),
    });
    await expect(late.use(getBundle)).rejects.toThrow('expired');
  });

  test('is trusted without proof only where the operator asks for it, and only by its name', async () => {
    await using connection = connect(() => undefined);
    expect((await connection.use(getBundle)).trustDomain).toBe('example.org');
    await using other = connect(() => undefined, TrustDomain.parse('other.org'));
    await expect(other.use(getBundle)).rejects.toThrow(
      'expected server SPIFFE ID \\"spiffe://other.org/spire/server\\"; got [spiffe://example.org/spire/server]',
    );
  });
});

describe('a connection', () => {
  test('is used again, and replaced after a failure', async () => {
    await using connection = connect(() => [server.ca.certificate]);
    const clients = new Set<RpcClient>();
    const remember = async (client: RpcClient): Promise<void> => void clients.add(client);
    await connection.use(remember);
    await connection.use(remember);
    expect(clients.size).toBe(1);
    await rejection(connection.use(() => Promise.reject(new Error('failed'))));
    await connection.use(remember);
    expect(clients.size).toBe(2);
    expect([...clients].map(({ closed }) => closed)).toEqual([true, false]);
  });

  test('is kept after answers that only concern the request', async () => {
    await using connection = connect(() => [server.ca.certificate]);
    const clients = new Set<RpcClient>();
    for (const status of [RpcCode.canceled, RpcCode.invalidArgument, RpcCode.notFound, RpcCode.unimplemented]) {
      const fail = async (client: RpcClient): Promise<void> => {
        clients.add(client);
        throw new RpcError(status, 'no');
      };
      await rejection(connection.use(fail));
    }
    expect(clients.size).toBe(1);
    expect([...clients][0]?.closed).toBe(false);
  });

  test('that is replaced stays open for the calls that run on it, and asks lasting ones to end', async () => {
    await using connection = connect(() => [server.ca.certificate]);
    const hold = Promise.withResolvers<void>();
    let first: RpcClient | undefined;
    const call = connection.use(async (client) => {
      first = client;
      await hold.promise;
    });
    const lasting = connection.useUntilReplaced(
      (_, replaced) => new Promise<string>((resolve) => replaced.addEventListener('abort', () => resolve('asked'))),
    );
    await settle();
    await connection.replace();
    expect(await lasting).toBe('asked');
    expect(first?.closed).toBe(false);
    hold.resolve();
    await call;
    expect(first?.closed).toBe(true);
  });

  test('that is reserved waits for calls under way and keeps others waiting', async () => {
    await using connection = connect(() => [server.ca.certificate]);
    const order: string[] = [];
    const hold = Promise.withResolvers<void>();
    const before = connection.use(async () => {
      await hold.promise;
      order.push('before');
    });
    const reserved = connection.reserve(async () => {
      await settle();
      order.push('reserved');
    });
    await settle();
    const after = connection.use(async () => void order.push('after'));
    await settle();
    hold.resolve();
    await Promise.all([before, reserved, after]);
    expect(order).toEqual(['before', 'reserved', 'after']);
  });
});
