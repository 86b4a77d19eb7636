import { describe, expect, test } from 'vitest';
import { RpcCode } from '../../../src/lib/rpc/status.ts';
import { HealthDefinition } from '../../../src/lib/wire/gen/grpc/health/v1/health.ts';
import {
  EntryDefinition,
  ListEntriesRequest,
  ListEntriesResponse,
} from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { servePair } from './fixtures.ts';

const LIST = ListEntriesResponse.fromPartial({
  entries: Array.from({ length: 5000 }, (_, index) =>
    Entry.fromPartial({ id: `entry-${index}`, hint: 'x'.repeat(200) }),
  ),
  nextPageToken: 'more',
});

/** A server that lists {@link LIST} and says that it is well. */
function serveList(maxSendBytes?: number) {
  return servePair({
    server: { maxSendBytes },
    health: { check: async () => ({ status: 1 }) },
    configure: (server) => server.addService(EntryDefinition, { listEntries: async () => LIST }),
  });
}

describe('a response with a long list', () => {
  test('arrives as one message', async () => {
    await using pair = await serveList();
    expect(await pair.client.unary(EntryDefinition, 'listEntries', ListEntriesRequest.create({}))).toEqual(LIST);
  });

  test('F35: lets answers to others go first', async () => {
    await using pair = await serveList();
    await pair.client.unary(HealthDefinition, 'check', { service: '' });
    const order: string[] = [];
    const list = pair.client
      .unary(EntryDefinition, 'listEntries', ListEntriesRequest.create({}))
      .then(() => order.push('list'));
    await pair.client.unary(HealthDefinition, 'check', { service: '' }).then(() => order.push('health'));
    await list;
    expect(order).toEqual(['health', 'list']);
  });

  test('is refused when all of it together is too large', async () => {
    await using pair = await serveList(1_000_000);
    const call = pair.client.unary(EntryDefinition, 'listEntries', ListEntriesRequest.create({}));
    await expect(call).rejects.toMatchObject({ status: RpcCode.resourceExhausted });
  });

  test('ends with a caller who goes away in the middle, and the server serves others', async () => {
    await using pair = await serveList();
    const going = new AbortController();
    const call = pair.client.unary(EntryDefinition, 'listEntries', ListEntriesRequest.create({}), {
      signal: going.signal,
    });
    setImmediate(() => going.abort());
    await expect(call).rejects.toMatchObject({ status: RpcCode.canceled });
    expect(await pair.client.unary(HealthDefinition, 'check', { service: '' })).toMatchObject({ status: 1 });
  });
});
