import { describe, expect, test } from 'vitest';
import { RpcCode } from '../../../../../../src/lib/rpc/status.ts';
import { EntryDefinition } from '../../../../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { SyncDefinition } from '../../../../../../src/lib/wire/gen/spirekit/api/server/sync/v1/sync.ts';
import { ServerHome } from '../../../running-server.ts';

describe('Watch', () => {
  test('says at once that it stands, then tells of changes', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const { agentId, identity } = await home.attest(server);
    const stream = home.remote(server, identity).serverStream(SyncDefinition, 'watch', {});
    const changes = stream[Symbol.asyncIterator]();
    const first = await changes.next();
    const second = changes.next();
    await home.local().unary(EntryDefinition, 'batchCreateEntry', {
      entries: [
        Entry.create({
          spiffeId: { trustDomain: 'example.org', path: '/web' },
          parentId: agentId,
          selectors: [{ type: 'unix', value: 'uid:1' }],
        }),
      ],
      outputMask: undefined,
    });
    // What comes together within a moment wakes agents once.
    home.clock.advance(1000);
    const sequence = async (change: typeof first): Promise<bigint> =>
      change.done === true ? -1n : change.value.sequence;
    expect(await sequence(await second)).toBeGreaterThan(await sequence(first));
    await changes.return?.();
  });

  test('ends with the server', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    const { identity } = await home.attest(server);
    const changes = home.remote(server, identity).serverStream(SyncDefinition, 'watch', {})[Symbol.asyncIterator]();
    await changes.next();
    const end = changes.next().then(
      ({ done }) => done,
      (error: unknown) => error,
    );
    home.clock.advance(1000);
    await server[Symbol.asyncDispose]();
    expect(await end).toSatisfy((ended) => ended === true || ended instanceof Error);
  });

  test('is for agents only', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    for (const client of [home.local(), home.remote(server)]) {
      const changes = client.serverStream(SyncDefinition, 'watch', {})[Symbol.asyncIterator]();
      await expect(changes.next()).rejects.toMatchObject({ status: RpcCode.permissionDenied });
    }
  });
});
