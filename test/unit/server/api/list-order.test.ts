import { describe, expect, it } from 'vitest';
import { agentClient } from '../../../../src/lib/client/agent-client.ts';
import { listAgents } from '../../../../src/lib/client/agent-listing.ts';
import { entryClient } from '../../../../src/lib/client/entry-client.ts';
import { listEntriesInOrder } from '../../../../src/lib/client/entry-listing.ts';
import type { RpcClient } from '../../../../src/lib/rpc/client.ts';
import {
  ListAgentsRequest,
  ListAgentsRequest_Filter,
} from '../../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import {
  BatchCreateEntryRequest,
  ListEntriesRequest,
  ListEntriesRequest_Filter,
} from '../../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry } from '../../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { LIST_ORDER, LIST_TOTAL } from '../../../../src/lib/wire/list-order.ts';
import { ServerHome } from '../running-server.ts';

const PATHS = ['/b', '/a/b', '/a', '/a-b', '/B'];

async function createEntries(rpc: RpcClient): Promise<void> {
  const entries = PATHS.map((path, index) =>
    Entry.fromPartial({
      spiffeId: { trustDomain: 'example.org', path },
      parentId: { trustDomain: 'example.org', path: '/host' },
      selectors: [{ type: 'n', value: String(index) }],
    }),
  );
  await entryClient(rpc).batchCreateEntry(BatchCreateEntryRequest.fromPartial({ entries }));
}

describe('a server that is asked for an order', () => {
  it('lists entries in it, page by page, and tells with the first page how many there are', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    await createEntries(rpc);
    const paths: (string | undefined)[] = [];
    const totals: unknown[] = [];
    let pageToken = '';
    do {
      const page = await entryClient(rpc).listEntries(ListEntriesRequest.create({ pageSize: 2, pageToken }), {
        metadata: { [LIST_ORDER]: 'spiffe-id' },
        onTrailers: (trailers) => totals.push(trailers[LIST_TOTAL]),
      });
      paths.push(...page.entries.map(({ spiffeId }) => spiffeId?.path));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(paths).toEqual(PATHS.toSorted());
    expect(totals).toEqual(['5', undefined, undefined]);
    const { count } = await listEntriesInOrder(entryClient(rpc), ListEntriesRequest_Filter.create());
    expect(count).toBe(5);
  });

  it('counts what the filter lets through', async () => {
    await using home = new ServerHome();
    const server = await home.start();
    await home.attest(server);
    const rpc = home.local();
    await createEntries(rpc);
    const bySpiffeId = { trustDomain: 'example.org', path: '/a' };
    const entryFilter = ListEntriesRequest_Filter.fromPartial({ bySpiffeId });
    expect((await listEntriesInOrder(entryClient(rpc), entryFilter)).count).toBe(1);
    expect((await listAgents(agentClient(rpc), ListAgentsRequest_Filter.fromPartial({}))).count).toBe(1);
    const byNobody = ListAgentsRequest_Filter.fromPartial({ byAttestationType: 'x509pop' });
    expect((await listAgents(agentClient(rpc), byNobody)).count).toBe(0);
  });

  it('lists as ever for clients that do not ask, or ask for what it does not know', async () => {
    await using home = new ServerHome();
    await home.start();
    const rpc = home.local();
    await createEntries(rpc);
    for (const metadata of [{}, { [LIST_ORDER]: 'by-hint' }, { [LIST_ORDER]: ['creation', 'spiffe-id'] }]) {
      let total: unknown = 'not asked';
      const { entries } = await entryClient(rpc).listEntries(ListEntriesRequest.create({ pageSize: 10 }), {
        metadata,
        onTrailers: (trailers) => {
          total = trailers[LIST_TOTAL];
        },
      });
      expect(entries.map(({ spiffeId }) => spiffeId?.path)).toEqual(PATHS);
      expect(total).toBeUndefined();
    }
    const agents = await agentClient(rpc).listAgents(ListAgentsRequest.create({ pageSize: 10 }));
    expect(agents).toEqual({ agents: [], nextPageToken: '' });
  });
});
