import type { AgentClient } from '../client/agent-client.ts';
import { agentPages } from '../client/agent-listing.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { TrustDomain } from '../spiffe/trust-domain.ts';
import { ListAgentsRequest_Filter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import { type Agent, AgentMask } from '../wire/gen/spire/api/types/agent.ts';
import { pagesWithin } from './error-context.ts';

/** An agent whose SVID expired long enough ago, and what became of it. */
export interface ExpiredAgent {
  readonly id: SpiffeId;
  readonly isDeleted: boolean;
  /** Why it could not be deleted. */
  readonly error?: string | undefined;
}

/**
 * Looks through the agents page by page and then deletes, one by one, those that can attest again (others would lose their identity for good) and whose SVID
 * expired longer ago than said.
 *
 * @throws RpcError if the agents cannot be listed; a failed deletion is part of the answer
 */
export async function purgeAgents(
  client: Pick<AgentClient, 'listAgents' | 'deleteAgent'>,
  options: {
    readonly expiredForNanoseconds: bigint;
    readonly dryRun: boolean;
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ExpiredAgent[]> {
  const { signal } = options;
  const filter = ListAgentsRequest_Filter.create({ byCanReattest: true });
  const outputMask = AgentMask.create({ x509svidExpiresAt: true });
  const expired: SpiffeId[] = [];
  for await (const page of pagesWithin('failed to list agents', agentPages(client, filter, { outputMask, signal }))) {
    for (const agent of page) if (isExpired(agent, options)) expired.push(idOf(agent));
  }
  const results: ExpiredAgent[] = [];
  for (const id of expired) {
    results.push(options.dryRun ? { id, isDeleted: false } : await deleteAgent(client, id, signal));
  }
  return results;
}

function idOf({ id }: Agent): SpiffeId {
  return SpiffeId.fromPath(TrustDomain.parse(id?.trustDomain ?? ''), id?.path ?? '');
}

function isExpired(agent: Agent, { clock, expiredForNanoseconds }: { clock: Clock; expiredForNanoseconds: bigint }) {
  const sinceExpiryMs = BigInt(Math.trunc(clock.nowMs())) - agent.x509svidExpiresAt * 1000n;
  return sinceExpiryMs * 1_000_000n > expiredForNanoseconds;
}

async function deleteAgent(
  client: Pick<AgentClient, 'deleteAgent'>,
  id: SpiffeId,
  signal: AbortSignal | undefined,
): Promise<ExpiredAgent> {
  try {
    await client.deleteAgent({ id: { trustDomain: id.trustDomain.name, path: id.path } }, { signal });
    return { id, isDeleted: true };
  } catch (cause) {
    return { id, isDeleted: false, error: SpirekitError.from(cause).message };
  }
}
