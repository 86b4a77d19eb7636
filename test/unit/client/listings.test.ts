import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentPages, listAgents } from '../../../src/lib/client/agent-listing.ts';
import { bundlePages } from '../../../src/lib/client/bundle-listing.ts';
import { listEntriesInOrder } from '../../../src/lib/client/entry-listing.ts';
import { entryOrderKey, sortEntries } from '../../../src/lib/client/entry-order.ts';
import type { RpcCallOptions } from '../../../src/lib/rpc/client.ts';
import { ListAgentsRequest_Filter } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import {
  type ListEntriesRequest,
  ListEntriesRequest_Filter,
  type ListEntriesResponse,
} from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Bundle } from '../../../src/lib/wire/gen/spire/api/types/bundle.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

const FILTER = ListEntriesRequest_Filter.create({ byHint: 'x' });

/** Entries of few SPIFFE IDs, so that many share one. */
const entries = fc
  .array(
    fc.record({
      path: fc.constantFrom('/a', '/a/b', '/a-b', '/b'),
      parent: fc.constantFrom('/p', '/q'),
      x509SvidTtl: fc.constantFrom(0, 9, 10),
      jwtSvidTtl: fc.constantFrom(0, 3600),
      selectors: fc.array(fc.record({ type: fc.constantFrom('a', 'b'), value: fc.constantFrom('1', '12', '2') })),
    }),
    { maxLength: 40 },
  )
  .map((list) =>
    list.map(({ path, parent, ...rest }, index) =>
      Entry.create({
        ...rest,
        id: String(index),
        spiffeId: { trustDomain: 'example.org', path },
        parentId: { trustDomain: 'example.org', path: parent },
      }),
    ),
  );

/** A server that lists what it has in pages of a few; one of ours by SPIFFE ID, with their number. */
function serving(list: readonly Entry[], pageSize: number, isOurs: boolean) {
  const requests: { request: ListEntriesRequest; options: RpcCallOptions }[] = [];
  const listed = isOurs ? list.toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : pathOf(a) > pathOf(b) ? 1 : 0)) : list;
  const listEntries = async (
    request: ListEntriesRequest,
    options: RpcCallOptions = {},
  ): Promise<ListEntriesResponse> => {
    requests.push({ request, options });
    const start = Number(request.pageToken);
    options.onTrailers?.(isOurs && start === 0 ? { 'spirekit-list-total': String(list.length) } : {});
    const items = listed.slice(start, start + pageSize);
    return { entries: items, nextPageToken: items.length === 0 ? '' : String(start + items.length) };
  };
  return { requests, listEntries };
}

function pathOf(entry: Entry): string {
  return entry.spiffeId?.path ?? '';
}

async function gathered<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  const items: T[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}

describe('listEntriesInOrder', () => {
  it('gives every entry once and in the order of SPIRE, whether or not the server knows it', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (list, pageSize, isOurs) => {
        const { count, pages } = await listEntriesInOrder(serving(list, pageSize, isOurs), FILTER);
        expect(count).toBe(list.length);
        const shown = await gathered(pages);
        expect(shown.map(({ id }) => id).sort()).toEqual(list.map(({ id }) => id).sort());
        expect(shown).toEqual(sortEntries(shown));
        expect(shown.map(entryOrderKey)).toEqual(list.map(entryOrderKey).sort());
      }),
    );
  });

  it('asks for pages of 500 with the same filter and order until there is no next one', async () => {
    const list = ['/c', '/a', '/b'].map((path, index) =>
      Entry.create({ id: String(index), spiffeId: { trustDomain: 'example.org', path } }),
    );
    const server = serving(list, 2, true);
    const { pages } = await listEntriesInOrder(server, FILTER);
    expect((await gathered(pages)).map(pathOf)).toEqual(['/a', '/b', '/c']);
    expect(server.requests.map(({ request }) => request.pageToken)).toEqual(['', '2', '3']);
    for (const { request, options } of server.requests) {
      expect(request).toMatchObject({ filter: FILTER, pageSize: 500 });
      expect(options.metadata).toEqual({ 'spirekit-list-order': 'spiffe-id' });
    }
  });

  it('holds few pages of a list that comes in order', async () => {
    const list = Array.from({ length: 100 }, (_, index) =>
      Entry.create({ spiffeId: { trustDomain: 'example.org', path: `/${String(index).padStart(3, '0')}` } }),
    );
    const server = serving(list, 10, true);
    const { pages } = await listEntriesInOrder(server, FILTER);
    let shown = 0;
    for await (const page of pages) {
      shown += page.length;
      // The one that is shown, whose last entry waits for the next page, and the one that is on its way.
      expect(server.requests.length * 10 - shown).toBeLessThanOrEqual(21);
    }
    expect(shown).toBe(100);
  });

  it('fails as a later page does', async () => {
    const server = serving([Entry.create({ id: 'a' }), Entry.create({ id: 'b' })], 1, true);
    const { pages } = await listEntriesInOrder(
      {
        listEntries: (request, options) =>
          request.pageToken === '1' ? Promise.reject(new Error('gone')) : server.listEntries(request, options),
      },
      FILTER,
    );
    await expect(gathered(pages)).rejects.toThrow('gone');
  });
});

describe('agentPages and listAgents', () => {
  const filter = ListAgentsRequest_Filter.create({});
  const client = (total?: string) => ({
    async listAgents(
      { pageSize, pageToken }: { pageSize: number; pageToken: string },
      { onTrailers }: RpcCallOptions = {},
    ) {
      onTrailers?.(total === undefined ? {} : { 'spirekit-list-total': total });
      const agent = Agent.create({ agentVersion: `${pageSize} ${pageToken}` });
      return { agents: [agent], nextPageToken: pageToken === '' ? 'more' : '' };
    },
  });

  it('ask for pages of 1000 until there is no next one', async () => {
    const agents = await gathered(agentPages(client(), filter));
    expect(agents.map(({ agentVersion }) => agentVersion)).toEqual(['1000 ', '1000 more']);
  });

  it('tell the number, which the server says or which comes of all pages', async () => {
    for (const [total, count] of [
      ['7', 7],
      [undefined, 2],
      ['many', 2],
    ] as const) {
      const listing = await listAgents(client(total), filter);
      expect(listing.count).toBe(count);
      expect((await gathered(listing.pages)).map(({ agentVersion }) => agentVersion)).toEqual(['1000 ', '1000 more']);
    }
  });
});

describe('bundlePages', () => {
  it('asks for the next page until there is none, also after an empty one', async () => {
    const lists = [['a.org'], [], ['b.org', 'c.org']];
    const tokens: string[] = [];
    const pages = await bundlePages({
      async listFederatedBundles({ pageToken }) {
        tokens.push(pageToken);
        const names = lists[tokens.length - 1] ?? [];
        const bundles = names.map((trustDomain) => Bundle.create({ trustDomain }));
        return { bundles, nextPageToken: tokens.length < lists.length ? `${tokens.length}` : '' };
      },
    });
    expect((await gathered(pages)).map(({ trustDomain }) => trustDomain)).toEqual(['a.org', 'b.org', 'c.org']);
    expect(tokens).toEqual(['', '1', '2']);
  });
});
