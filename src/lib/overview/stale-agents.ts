import { agentClient } from '../client/agent-client.ts';
import { agentPages } from '../client/agent-listing.ts';
import { entryClient } from '../client/entry-client.ts';
import { entryPages } from '../client/entry-listing.ts';
import type { RpcClient } from '../rpc/client.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { ListAgentsRequest_Filter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import { ListEntriesRequest_Filter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { AgentMask } from '../wire/gen/spire/api/types/agent.ts';
import { EntryMask } from '../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';

/** An agent whose SVID ended long ago. */
export interface StaleAgent {
  readonly id: SPIFFEID;
  readonly attestationType: string;
  /** When its SVID ended, in milliseconds since the Unix epoch. */
  readonly expiredAtMs: number;
  readonly canReattest: boolean;
  readonly isBanned: boolean;
  /** Entries whose parent it is. */
  readonly entryCount: number;
}

/** Which agents count as stale. */
export interface StaleAgentChoice {
  /** How long ago their SVID ended at least, in milliseconds. */
  readonly olderThanMs: number;
  /** Also those that need an operator to come back, as with join tokens. */
  readonly includesLost: boolean;
  /** Also those that are banned, whose ban goes with them. */
  readonly includesBanned: boolean;
}

interface CallOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The stale agents, those that ended first in front. The server may hold any number of agents and entries.
 *
 * @throws RpcError
 */
export async function findStaleAgents(
  rpc: RpcClient,
  { olderThanMs, includesLost, includesBanned }: StaleAgentChoice,
  { clock, signal }: CallOptions,
): Promise<StaleAgent[]> {
  const limitMs = clock.nowMs() - olderThanMs;
  const filter = ListAgentsRequest_Filter.create({
    byCanReattest: includesLost ? undefined : true,
    byBanned: includesBanned ? undefined : false,
  });
  const outputMask = AgentMask.create({
    attestationType: true,
    x509svidExpiresAt: true,
    banned: true,
    canReattest: true,
  });
  const found: Omit<StaleAgent, 'entryCount'>[] = [];
  for await (const page of agentPages(agentClient(rpc), filter, { outputMask, signal })) {
    for (const { id, attestationType, x509svidExpiresAt, canReattest, banned } of page) {
      const expiredAtMs = Number(x509svidExpiresAt) * 1000;
      if (id === undefined || expiredAtMs > limitMs) continue;
      found.push({ id, attestationType, expiredAtMs, canReattest, isBanned: banned });
    }
  }
  if (found.length === 0) return [];
  const children = await countChildren(rpc, signal);
  return found
    .map((agent) => ({ ...agent, entryCount: children.get(idKey(agent.id)) ?? 0 }))
    .sort((a, b) => a.expiredAtMs - b.expiredAtMs);
}

/** What became of a stale agent. */
export type RemovalOutcome = 'removed' | 'gone' | 'came-back' | { readonly error: SpirekitError };

/** How many are removed at a time. */
const AT_ONCE = 8;

/**
 * Removes agents, each only if its SVID is still the one that ended. What cannot be removed is told, not thrown.
 *
 * @throws the signal's reason
 */
export async function removeStaleAgents(
  rpc: RpcClient,
  agents: readonly StaleAgent[],
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onOutcome?: (agent: StaleAgent, outcome: RemovalOutcome) => void;
  },
): Promise<void> {
  const work = agents.values();
  const runner = async (): Promise<void> => {
    for (const agent of work) {
      options.signal?.throwIfAborted();
      options.onOutcome?.(agent, await removeOne(rpc, agent, options.signal));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
}

async function removeOne(
  rpc: RpcClient,
  { id, expiredAtMs }: StaleAgent,
  signal: AbortSignal | undefined,
): Promise<RemovalOutcome> {
  const client = agentClient(rpc);
  try {
    const outputMask = AgentMask.create({ x509svidExpiresAt: true });
    const now = await client.getAgent({ id, outputMask }, { signal });
    if (Number(now.x509svidExpiresAt) * 1000 !== expiredAtMs) return 'came-back';
    await client.deleteAgent({ id }, { signal });
    return 'removed';
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof RpcError && cause.status === RpcCode.notFound) return 'gone';
    return { error: SpirekitError.from(cause) };
  }
}

async function countChildren(rpc: RpcClient, signal: AbortSignal | undefined): Promise<Map<string, number>> {
  const children = new Map<string, number>();
  const outputMask = EntryMask.create({ parentId: true });
  for await (const page of entryPages(entryClient(rpc), ListEntriesRequest_Filter.create(), { outputMask, signal })) {
    for (const { parentId } of page) {
      if (parentId === undefined) continue;
      const key = idKey(parentId);
      children.set(key, (children.get(key) ?? 0) + 1);
    }
  }
  return children;
}

function idKey({ trustDomain, path }: SPIFFEID): string {
  return `spiffe://${trustDomain}${path}`;
}
