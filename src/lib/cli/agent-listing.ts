import type { AgentClient } from '../client/agent-client.ts';
import type { ListAgentsRequest_Filter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { Agent, AgentMask } from '../wire/gen/spire/api/types/agent.ts';

/** How many agents SPIRE's CLI asks for at a time. */
const AGENT_PAGE_SIZE = 1000;

/**
 * Every agent that the filter lets through, page by page, in the order of the server.
 *
 * @throws RpcError
 */
export async function listAllAgents(
  client: Pick<AgentClient, 'listAgents'>,
  filter: ListAgentsRequest_Filter,
  options: { readonly outputMask?: AgentMask; readonly signal?: AbortSignal | undefined } = {},
): Promise<Agent[]> {
  const { outputMask, signal } = options;
  const agents: Agent[] = [];
  let pageToken = '';
  do {
    const request = { filter, outputMask, pageSize: AGENT_PAGE_SIZE, pageToken };
    const page = await client.listAgents(request, { signal });
    for (const agent of page.agents) agents.push(agent);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return agents;
}
