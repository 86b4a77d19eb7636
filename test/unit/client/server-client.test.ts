import { describe, expect, it } from 'vitest';
import { ServerClient } from '../../../src/lib/client/server-client.ts';
import { unaryClient } from '../../../src/lib/client/service-client.ts';
import { RpcCode, RpcError } from '../../../src/lib/rpc/status.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import { EntryDefinition } from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { servePair } from '../rpc/fixtures.ts';

describe('unaryClient', () => {
  it('has the unary calls of a service and no others', async () => {
    await using pair = await servePair({});
    const health = unaryClient(pair.client, HealthDefinition);
    expect(Object.keys(health).sort()).toEqual(['check', 'list']);
  });

  it('makes the call and hands on what it is refused with', async () => {
    await using pair = await servePair({
      health: {
        async check({ service }) {
          if (service === '') return { status: 1 };
          throw new RpcError(RpcCode.notFound, 'unknown service');
        },
      },
    });
    const health = unaryClient(pair.client, HealthDefinition);
    expect(await health.check({ service: '' })).toEqual({ status: 1 });
    await expect(health.check({ service: 'x' })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('ServerClient', () => {
  it('reaches every service over one connection and closes it', async () => {
    await using pair = await servePair({
      health: { check: async () => ({ status: 1 }) },
      configure: (server) => server.addService(EntryDefinition, { countEntries: async () => ({ count: 7 }) }),
    });
    const client = new ServerClient({ kind: 'unix', path: pair.path });
    expect(await client.entry.countEntries({ filter: undefined })).toEqual({ count: 7 });
    expect(await client.health.check({ service: '' })).toEqual({ status: 1 });
    await expect(client.bundle.countBundles({})).rejects.toMatchObject({ code: 'unimplemented' });
    expect(pair.server.connectionCount).toBe(1);
    await client[Symbol.asyncDispose]();
    expect(client.rpc.closed).toBe(true);
  });
});
