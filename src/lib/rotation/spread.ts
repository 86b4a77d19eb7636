import type { AuthorityLook } from './authority-look.ts';
import type { Dependents } from './dependents.ts';
import type { RotationKnowledge } from './rotation-knowledge.ts';
import type { RotationState } from './rotation-phase.ts';

/** SPIRE's agents ask for the bundle every 5 s; after three times all have it that can be reached. */
const AGENTS_MS = 15_000;

/** A server below looks at the bundle every 5 s, and its agents at its own. */
const DOWNSTREAM_MS = 15_000;

/** What SPIRE's servers say in `refresh_hint` unless told otherwise, and the least that they go by, in seconds. */
const DEFAULT_HINT_SECONDS = 300;
const LEAST_HINT_SECONDS = 60;

/** How the successor becomes known to all who verify. */
export interface Spread {
  /** In the bundle since then, in milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** How long it takes until everybody has heard of it. */
  readonly durationMs: number;
  /** Of that, how long agents take. */
  readonly agentsMs: number;
}

/** Works out since when the successor is in the bundle, and how long that takes to be known. */
export function spreadOf(
  look: AuthorityLook,
  state: RotationState,
  { federated, downstream }: Dependents,
  knowledge: RotationKnowledge,
): Spread {
  // Below another authority it is that authority's root which must be known, and it is.
  if (state.hasUpstream) return { sinceMs: look.atMs, durationMs: 0, agentsMs: 0 };
  const agentsMs = knowledge.spreadMs ?? AGENTS_MS + (downstream.length > 0 ? DOWNSTREAM_MS : 0);
  const hintSeconds = Math.max(LEAST_HINT_SECONDS, look.refreshHintSeconds || DEFAULT_HINT_SECONDS);
  const federatedMs = federated.length === 0 ? 0 : hintSeconds * 1000;
  return {
    sinceMs: madeAt(look, state, knowledge),
    durationMs: knowledge.spreadMs ?? Math.max(agentsMs, federatedMs),
    agentsMs,
  };
}

function madeAt(look: AuthorityLook, { prepared, active }: RotationState, knowledge: RotationKnowledge): number {
  const successor = prepared ?? active;
  const bundled = look.bundle.find(({ authorityId }) => authorityId === successor.authorityId);
  if (bundled?.madeAtMs !== undefined) return bundled.madeAtMs;
  const seenAtMs = knowledge.preparedAtMs ?? look.atMs;
  if (look.shortestRootLifeMs === undefined) return seenAtMs;
  // `ca_ttl` is the life of roots and JWT keys alike; with several lives in the bundle the shortest is the careful guess.
  return Math.min(seenAtMs, successor.expiresAtMs - look.shortestRootLifeMs);
}
