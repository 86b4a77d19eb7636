import { agentAdminClient } from '../client/agent-admin-client.ts';
import { agentClient } from '../client/agent-client.ts';
import { agentPages } from '../client/agent-listing.ts';
import { bundleClient } from '../client/bundle-client.ts';
import { debugClient } from '../client/debug-client.ts';
import { entryClient } from '../client/entry-client.ts';
import { localAuthorityClient } from '../client/local-authority-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { GetInfoResponse as AgentInfo } from '../wire/gen/spire/api/agent/debug/v1/debug.ts';
import { ListAgentsRequest_Filter } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { GetInfoResponse as ServerInfo } from '../wire/gen/spire/api/server/debug/v1/debug.ts';
import { CountEntriesRequest_Filter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { AuthorityState } from '../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { AgentMask } from '../wire/gen/spire/api/types/agent.ts';

/** How an agent stands: `expired` ones have to attest again. */
export type AgentStanding = 'active' | 'renewing' | 'expired' | 'banned';

/** An agent in an overview. */
export interface OverviewAgent {
  readonly id: string;
  readonly attestationType: string;
  readonly standing: AgentStanding;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
  /** Empty if it never said. */
  readonly version: string;
}

/** A signing key in an overview. */
export interface OverviewAuthority {
  readonly kind: 'X.509' | 'JWT';
  readonly slot: 'active' | 'prepared' | 'old';
  readonly authorityId: string;
  readonly expiresAtMs: number;
}

/** The server in an overview; what it does not tell is missing, as its uptime when it is called over the network. */
export interface ServerOverview {
  readonly trustDomain: string;
  readonly agents: readonly OverviewAgent[];
  readonly entryCount: number;
  readonly uptimeMs?: number | undefined;
  readonly federatedCount?: number | undefined;
  readonly svidExpiresAtMs?: number | undefined;
  readonly roots: number;
  readonly jwtKeys: number;
  readonly authorities: readonly OverviewAuthority[];
}

/** The agent in an overview, as its admin socket tells. */
export interface LocalAgentOverview {
  readonly id: string;
  readonly uptimeMs: number;
  readonly lastSyncMs: number | undefined;
  readonly x509Svids: number;
  readonly jwtSvids: number;
  readonly svidExpiresAtMs: number | undefined;
}

/** Server and agent at a moment; each is what it said, why it said nothing, or not asked. */
export interface Overview {
  readonly atMs: number;
  readonly server: ServerOverview | { readonly problem: string } | undefined;
  readonly agent: LocalAgentOverview | { readonly problem: string } | undefined;
}

/** Whom to ask; the connections belong to the caller. */
export interface OverviewSources {
  readonly server?: RpcClient | undefined;
  readonly agent?: RpcClient | undefined;
}

/** An agent renews at half of the life of its SVID; with so little left it is late, or about to. */
const RENEWING_MS = 60_000;

/** For each of the calls. */
const TIMEOUT_MS = 10_000;

/** Asks both, at the same time. Throws nothing but the signal's reason: what fails is part of the answer. */
export async function readOverview(
  { server, agent }: OverviewSources,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<Overview> {
  const nowMs = clock.nowMs();
  const [serverPart, agentPart] = await Promise.all([
    server === undefined ? undefined : told(readServer(server, nowMs, signal), signal),
    agent === undefined ? undefined : told(readAgent(agent, signal), signal),
  ]);
  return { atMs: nowMs, server: serverPart, agent: agentPart };
}

async function told<T>(asked: Promise<T>, signal: AbortSignal | undefined): Promise<T | { problem: string }> {
  try {
    return await asked;
  } catch (error) {
    signal?.throwIfAborted();
    return { problem: SpirekitError.from(error).message };
  }
}

async function readServer(rpc: RpcClient, nowMs: number, signal: AbortSignal | undefined): Promise<ServerOverview> {
  const options = { signal, timeoutMs: TIMEOUT_MS };
  const bundle = await bundleClient(rpc).getBundle({ outputMask: undefined }, options);
  const agents: OverviewAgent[] = [];
  const outputMask = AgentMask.create({
    attestationType: true,
    x509svidExpiresAt: true,
    banned: true,
    agentVersion: true,
  });
  for await (const page of agentPages(agentClient(rpc), ListAgentsRequest_Filter.create(), { outputMask, signal })) {
    for (const { id, attestationType, x509svidExpiresAt, banned, agentVersion } of page) {
      const expiresAtMs = Number(x509svidExpiresAt) * 1000;
      agents.push({
        id: `spiffe://${id?.trustDomain ?? ''}${id?.path ?? ''}`,
        attestationType,
        standing: standingOf(banned, expiresAtMs - nowMs),
        expiresAtMs,
        version: agentVersion,
      });
    }
  }
  const { count } = await entryClient(rpc).countEntries({ filter: CountEntriesRequest_Filter.create() }, options);
  const info = await orNothing(debugClient(rpc).getInfo({}, options), signal);
  return {
    trustDomain: bundle.trustDomain.replace(/^spiffe:\/\//, ''),
    agents,
    entryCount: count,
    ...(info !== undefined && infoParts(info)),
    roots: bundle.x509Authorities.length,
    jwtKeys: bundle.jwtAuthorities.length,
    authorities: await readAuthorities(rpc, options),
  };
}

function standingOf(isBanned: boolean, leftMs: number): AgentStanding {
  if (isBanned) return 'banned';
  if (leftMs <= 0) return 'expired';
  return leftMs < RENEWING_MS ? 'renewing' : 'active';
}

function infoParts({ uptime, federatedBundlesCount, svidChain }: ServerInfo) {
  const [leaf] = svidChain;
  return {
    uptimeMs: uptime * 1000,
    // Both servers count their own bundle among them.
    federatedCount: Math.max(0, federatedBundlesCount - 1),
    svidExpiresAtMs: leaf === undefined ? undefined : Number(leaf.expiresAt) * 1000,
  };
}

async function readAuthorities(
  rpc: RpcClient,
  options: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
): Promise<OverviewAuthority[]> {
  const client = localAuthorityClient(rpc);
  const x509 = await orNothing(client.getX509AuthorityState({}, options), options.signal);
  // JWT-SVIDs may be turned off.
  const jwt = await orNothing(client.getJWTAuthorityState({}, options), options.signal);
  const slots = ['active', 'prepared', 'old'] as const;
  return [
    ...slots.flatMap((slot) => authorityOf('X.509', slot, x509?.[slot])),
    ...slots.flatMap((slot) => authorityOf('JWT', slot, jwt?.[slot])),
  ];
}

function authorityOf(
  kind: OverviewAuthority['kind'],
  slot: OverviewAuthority['slot'],
  state: AuthorityState | undefined,
): OverviewAuthority[] {
  if (state === undefined || state.authorityId === '') return [];
  return [{ kind, slot, authorityId: state.authorityId, expiresAtMs: Number(state.expiresAt) * 1000 }];
}

async function readAgent(rpc: RpcClient, signal: AbortSignal | undefined): Promise<LocalAgentOverview> {
  const info: AgentInfo = await agentAdminClient(rpc).debug.getInfo({}, { signal, timeoutMs: TIMEOUT_MS });
  const [leaf] = info.svidChain;
  return {
    id: leaf?.id === undefined ? '' : `spiffe://${leaf.id.trustDomain}${leaf.id.path}`,
    uptimeMs: info.uptime * 1000,
    lastSyncMs: info.lastSyncSuccess === 0n ? undefined : Number(info.lastSyncSuccess) * 1000,
    x509Svids: info.cachedX509SvidsCount,
    jwtSvids: info.cachedJwtSvidsCount,
    svidExpiresAtMs: leaf === undefined ? undefined : Number(leaf.expiresAt) * 1000,
  };
}

/** What a server does not offer, or not to this caller, is left out. */
async function orNothing<T>(asked: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  try {
    return await asked;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
