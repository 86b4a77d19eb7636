import type { AuthorityLook } from './authority-look.ts';
import type { AgentSvid, Dependents } from './dependents.ts';
import type { RotationKnowledge } from './rotation-knowledge.ts';
import type { RotationState } from './rotation-phase.ts';

/** SPIRE's `default_x509_svid_ttl` and `default_jwt_svid_ttl`, in seconds. */
const DEFAULT_TTL_SECONDS = { x509: 3600, jwt: 300 } as const;

/**
 * Agents renew at half of the life of their SVID, a tenth of it earlier or later. So the longest remaining life among
 * agents that are alive is at least this part of a whole one.
 */
const LEAST_REMAINING_PART = 0.45;

/** SPIRE lets the successor take over so long before the end of an authority: a sixth of its life, at most seven days. */
const ACTIVATION_PART = 6;
const LONGEST_ACTIVATION_LEAD_MS = 7 * 86_400_000;

/** Who may still hold something that the target has signed. Times are in milliseconds since the Unix epoch. */
export interface OldSvids {
  /** Since then at the latest the target signs nothing; now, if nobody knows. Undefined while it signs. */
  readonly lastSignedMs: number | undefined;
  readonly isLastSignedKnown: boolean;
  /** The longest lifetime of an SVID of an entry, in seconds; `cut` if the authority's end alone bounds it. */
  readonly longestTtlSeconds: number | 'cut';
  /** Whether {@link longestTtlSeconds} takes the server's default to be SPIRE's, which nobody has confirmed. */
  readonly isTtlAssumed: boolean;
  readonly agents: readonly AgentSvid[];
  /** Entries whose SVIDs may not have expired. */
  readonly entryCount: number;
  readonly downstream: readonly string[];
  /** From then on nothing of the target can be valid any more. */
  readonly allGoneMs: number;
}

/** Works out who may hold something of the target, on the safe side wherever the server does not tell. */
export function findOldSvids(
  look: AuthorityLook,
  state: RotationState,
  dependents: Dependents,
  knowledge: RotationKnowledge,
): OldSvids {
  const { kind, atMs: nowMs } = look;
  const end = endOf(look, state);
  const signs = state.phase === 'none' || state.phase === 'prepared';
  const clockMs = byTheClock(look, state);
  const lastSignedMs = signs ? undefined : Math.min(knowledge.activatedAtMs ?? nowMs, clockMs ?? nowMs, nowMs);
  const since = lastSignedMs ?? nowMs;
  const fallback = knowledge.defaultTtlSeconds ?? DEFAULT_TTL_SECONDS[kind];
  const ttls = [...dependents.entriesByTtl.keys()].map((ttl) => (ttl === 0 ? fallback : ttl));
  const longestTtlSeconds = ttls.includes('cut') ? 'cut' : Math.max(0, ...ttls.filter((ttl) => ttl !== 'cut'));
  const settled = knowledge.settleMs !== undefined && state.phase === 'tainted' ? knowledge.settleMs : undefined;
  const settledAtMs = settled === undefined ? undefined : (knowledge.taintedAtMs ?? nowMs) + settled;
  const entryEnd = (ttl: number | 'cut'): number =>
    Math.min(end, settledAtMs ?? Number.POSITIVE_INFINITY, ttl === 'cut' ? end : since + ttl * 1000);
  const entryCount = [...dependents.entriesByTtl]
    .filter(([ttl]) => entryEnd(ttl === 0 ? fallback : ttl) > nowMs)
    .reduce((sum, [, count]) => sum + count, 0);
  const agents = kind === 'x509' ? oldAgents(look, since, end, dependents, { ...knowledge, fallback }) : [];
  // A server below has an intermediate CA, which lives as long as what signed it.
  const isBelow = kind === 'x509' && dependents.downstream.length > 0 && Math.min(end, settledAtMs ?? end) > nowMs;
  let lastEndMs = nowMs;
  if (dependents.entriesByTtl.size > 0) lastEndMs = Math.max(lastEndMs, entryEnd(longestTtlSeconds));
  for (const { expiresAtMs } of agents) lastEndMs = Math.max(lastEndMs, expiresAtMs);
  if (isBelow) lastEndMs = Math.max(lastEndMs, Math.min(end, settledAtMs ?? end));
  return {
    lastSignedMs,
    isLastSignedKnown: signs || knowledge.isActivationKnown === true || clockMs !== undefined,
    longestTtlSeconds,
    isTtlAssumed: knowledge.defaultTtlSeconds === undefined && dependents.entriesByTtl.has(0),
    agents,
    entryCount,
    downstream: isBelow ? dependents.downstream : [],
    allGoneMs: Math.min(end, lastEndMs),
  };
}

/** The end of the target: nothing that it signed outlives it. */
function endOf(look: AuthorityLook, { target, targetId }: RotationState): number {
  const bundled = look.bundle.find(({ authorityId }) => authorityId === targetId);
  return target?.expiresAtMs ?? bundled?.expiresAtMs ?? look.atMs;
}

/** When the server by itself would have let the successor take over, at the latest; undefined while that is to come. */
function byTheClock(look: AuthorityLook, { target, targetId }: RotationState): number | undefined {
  const madeAtMs = look.bundle.find(({ authorityId }) => authorityId === targetId)?.madeAtMs;
  if (target === undefined || madeAtMs === undefined) return undefined;
  const lead = Math.min((target.expiresAtMs - madeAtMs) / ACTIVATION_PART, LONGEST_ACTIVATION_LEAD_MS);
  const atMs = target.expiresAtMs - lead;
  return atMs < look.atMs ? atMs : undefined;
}

/** `agent_ttl` is that of entries unless set; if agents have longer left, it is longer. */
function longestLife(agents: readonly AgentSvid[], nowMs: number, fallback: number | 'cut'): number {
  if (fallback === 'cut') return Number.POSITIVE_INFINITY;
  let longestMs = fallback * 1000;
  for (const { expiresAtMs } of agents) longestMs = Math.max(longestMs, (expiresAtMs - nowMs) / LEAST_REMAINING_PART);
  return longestMs;
}

/** Agents whose SVID may be of the target: one is of the successor if it came later, or ends later than the target. */
function oldAgents(
  { atMs: nowMs }: AuthorityLook,
  lastSignedMs: number,
  targetEndMs: number,
  { agents }: Dependents,
  { serialsThen, agentTtlSeconds, fallback }: RotationKnowledge & { readonly fallback: number | 'cut' },
): AgentSvid[] {
  const lifeMs = agentTtlSeconds === undefined ? longestLife(agents, nowMs, fallback) : agentTtlSeconds * 1000;
  return agents.filter(({ id, serialNumber, expiresAtMs }) => {
    if (expiresAtMs > targetEndMs || expiresAtMs <= nowMs) return false;
    if (serialsThen !== undefined && serialsThen.get(id) !== serialNumber) return false;
    return expiresAtMs - lifeMs < lastSignedMs;
  });
}
