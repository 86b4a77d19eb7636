import type { RpcCallOptions } from '../rpc/client.ts';
import type { ListAgentsRequest_Filter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import { Agent, type AgentMask } from '../wire/gen/spire/api/types/agent.ts';
import { LIST_ORDER, LIST_TOTAL, parseListTotal } from '../wire/list-order.ts';
import type { AgentClient } from './agent-client.ts';
import { followPages, type Listing, type ListPage } from './paged-list.ts';

/** How many agents SPIRE's CLI asks for at a time. */
const AGENT_PAGE_SIZE = 1000;

/** Options of {@link listAgents}. */
export interface AgentListingOptions {
  readonly outputMask?: AgentMask | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every agent that the filter lets through, page by page, in the order of the server.
 *
 * @throws RpcError from the pages
 */
export async function* agentPages(
  client: Pick<AgentClient, 'listAgents'>,
  filter: ListAgentsRequest_Filter,
  options: AgentListingOptions = {},
): AsyncGenerator<readonly Agent[], void, undefined> {
  const fetchPage = (pageToken: string): Promise<ListPage<Agent>> => fetch(client, { filter, pageToken }, options);
  yield* followPages(await fetchPage(''), fetchPage);
}

/**
 * The same with their number. A server of ours tells it with the first page; what another one lists is gathered first, in a
 * compact form.
 *
 * @throws RpcError also from the pages
 */
export async function listAgents(
  client: Pick<AgentClient, 'listAgents'>,
  filter: ListAgentsRequest_Filter,
  options: AgentListingOptions = {},
): Promise<Listing<Agent>> {
  let total: number | undefined;
  const fetchPage = (pageToken: string): Promise<ListPage<Agent>> =>
    fetch(client, { filter, pageToken }, options, {
      metadata: { [LIST_ORDER]: 'creation' },
      onTrailers: ({ [LIST_TOTAL]: value }) => {
        total ??= parseListTotal(value?.toString());
      },
    });
  const pages = followPages(await fetchPage(''), fetchPage);
  if (total !== undefined) return { count: total, pages };
  const gathered: Uint8Array[] = [];
  for await (const page of pages) for (const agent of page) gathered.push(Agent.encode(agent).finish());
  return { count: gathered.length, pages: inPages(gathered) };
}

async function fetch(
  client: Pick<AgentClient, 'listAgents'>,
  request: { readonly filter: ListAgentsRequest_Filter; readonly pageToken: string },
  { outputMask, signal }: AgentListingOptions,
  call: RpcCallOptions = {},
): Promise<ListPage<Agent>> {
  const page = await client.listAgents({ ...request, outputMask, pageSize: AGENT_PAGE_SIZE }, { ...call, signal });
  return { items: page.agents, nextPageToken: page.nextPageToken };
}

async function* inPages(gathered: readonly Uint8Array[]): AsyncGenerator<readonly Agent[], void, undefined> {
  for (let start = 0; start < gathered.length; start += AGENT_PAGE_SIZE) {
    yield gathered.slice(start, start + AGENT_PAGE_SIZE).map((bytes) => Agent.decode(bytes));
  }
}
