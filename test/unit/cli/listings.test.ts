import { describe, expect, it } from 'vitest';
import { listAllAgents } from '../../../src/lib/cli/agent-listing.ts';
import { listAllEntries } from '../../../src/lib/cli/entry-listing.ts';
import { ListAgentsRequest_Filter } from '../../../src/lib/wire/gen/spire/api/server/agent/v1/agent.ts';
import {
  type ListEntriesRequest,
  ListEntriesRequest_Filter,
} from '../../../src/lib/wire/gen/spire/api/server/entry/v1/entry.ts';
import { Agent } from '../../../src/lib/wire/gen/spire/api/types/agent.ts';
import { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';

describe('listAllEntries', () => {
  it('asks for pages of 500 with the same filter until there is no next one, and keeps their order', async () => {
    const filter = ListEntriesRequest_Filter.create({ byHint: 'x' });
    const requests: ListEntriesRequest[] = [];
    const pages = [['a', 'b'], [], ['c']];
    const entries = await listAllEntries(
      {
        async listEntries(request) {
          requests.push(request);
          const page = pages[requests.length - 1] ?? [];
          const nextPageToken = requests.length < pages.length ? `after ${requests.length}` : '';
          return { entries: page.map((id) => Entry.create({ id })), nextPageToken };
        },
      },
      filter,
    );
    expect(entries.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(requests.map(({ pageToken }) => pageToken)).toEqual(['', 'after 1', 'after 2']);
    expect(requests.every((request) => request.filter === filter && request.pageSize === 500)).toBe(true);
  });
});

describe('listAllAgents', () => {
  it('asks for pages of 1000 until there is no next one', async () => {
    const agents = await listAllAgents(
      {
        async listAgents({ pageSize, pageToken }) {
          const agent = Agent.create({ agentVersion: `${pageSize} ${pageToken}` });
          return { agents: [agent], nextPageToken: pageToken === '' ? 'more' : '' };
        },
      },
      ListAgentsRequest_Filter.create({}),
    );
    expect(agents.map(({ agentVersion }) => agentVersion)).toEqual(['1000 ', '1000 more']);
  });
});
