import { agentClient } from '../client/agent-client.ts';
import { agentPages } from '../client/agent-listing.ts';
import { bundleClient } from '../client/bundle-client.ts';
import { bundlePages } from '../client/bundle-listing.ts';
import { entryClient } from '../client/entry-client.ts';
import { entryPages } from '../client/entry-listing.ts';
import { trustDomainClient } from '../client/trust-domain-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import { ListAgentsRequest_Filter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import { ListEntriesRequest_Filter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { AgentMask } from '../wire/gen/spire/api/types/agent.ts';
import { EntryMask } from '../wire/gen/spire/api/types/entry.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';

/** An agent and the SVID that it used last. */
export interface AgentSvid {
  readonly id: string;
  readonly serialNumber: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** Whoever has something signed by the server's authorities, or verifies what they sign. */
export interface Dependents {
  /** Those whose SVID has not expired and that are not banned. */
  readonly agents: readonly AgentSvid[];
  /** All that there are, whatever their state. */
  readonly agentCount: number;
  /** How many entries have each lifetime of SVIDs, in seconds; 0 is the server's default. */
  readonly entriesByTtl: ReadonlyMap<number, number>;
  /** SPIFFE IDs of servers below this one. */
  readonly downstream: readonly string[];
  /** Trust domains that this one federates with: they may verify what is signed here. */
  readonly federated: readonly string[];
}

/**
 * Reads agents, entries and federated trust domains, in pages.
 *
 * @throws RpcError
 */
export async function readDependents(
  rpc: RpcClient,
  kind: 'x509' | 'jwt',
  { nowMs, signal }: { readonly nowMs: number; readonly signal?: AbortSignal | undefined },
): Promise<Dependents> {
  const agents: AgentSvid[] = [];
  let agentCount = 0;
  const agentMask = AgentMask.create({ x509svidSerialNumber: true, x509svidExpiresAt: true, banned: true });
  const all = ListAgentsRequest_Filter.create();
  for await (const page of agentPages(agentClient(rpc), all, { outputMask: agentMask, signal })) {
    agentCount += page.length;
    for (const { id, banned, x509svidSerialNumber, x509svidExpiresAt } of page) {
      const expiresAtMs = Number(x509svidExpiresAt) * 1000;
      if (banned || expiresAtMs <= nowMs) continue;
      agents.push({ id: idText(id), serialNumber: x509svidSerialNumber, expiresAtMs });
    }
  }
  const entriesByTtl = new Map<number, number>();
  const downstream: string[] = [];
  const entryMask = EntryMask.create({ spiffeId: true, x509SvidTtl: true, jwtSvidTtl: true, downstream: true });
  for await (const page of entryPages(entryClient(rpc), ListEntriesRequest_Filter.create(), {
    outputMask: entryMask,
    signal,
  })) {
    for (const entry of page) {
      const ttl = kind === 'x509' ? entry.x509SvidTtl : entry.jwtSvidTtl;
      entriesByTtl.set(ttl, (entriesByTtl.get(ttl) ?? 0) + 1);
      if (entry.downstream) downstream.push(idText(entry.spiffeId));
    }
  }
  return { agents, agentCount, entriesByTtl, downstream, federated: await federatedDomains(rpc, signal) };
}

async function federatedDomains(rpc: RpcClient, signal: AbortSignal | undefined): Promise<string[]> {
  const names = new Set<string>();
  const request = { outputMask: undefined, pageSize: 0, pageToken: '' };
  const listed = await trustDomainClient(rpc).listFederationRelationships(request, { signal });
  for (const { trustDomain } of listed.federationRelationships) names.add(trustDomain);
  for await (const page of await bundlePages(bundleClient(rpc), { signal })) {
    for (const { trustDomain } of page) names.add(trustDomain);
  }
  return [...names].sort();
}

function idText(id: SPIFFEID | undefined): string {
  return `spiffe://${id?.trustDomain ?? ''}${id?.path ?? ''}`;
}
