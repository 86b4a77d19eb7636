import type { RegistrationEntry } from '../../spiffe/registration-entry.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';

/**
 * Which entries an agent may act for: those whose parent is the agent, or an alias of it, and what hangs below them. An
 * alias is an entry whose parent is the server and whose selectors are all among the agent's; it is not handed out itself.
 * Entries that have expired count as gone.
 */
export interface AuthorizedEntries {
  /** All of them, in an order that stays the same while nothing changes. */
  listAuthorizedEntries(agentId: SpiffeId): readonly RegistrationEntry[];
  /** Those of the given ids that the agent may act for, by id. */
  findAuthorizedEntries(agentId: SpiffeId, entryIds: Iterable<string>): ReadonlyMap<string, RegistrationEntry>;
}

/** Which entries give a SPIFFE ID; of a caller's they tell whether it is an admin or a downstream server. */
export interface EntriesBySpiffeId {
  /** Without those that have expired. */
  listEntriesBySpiffeId(spiffeId: SpiffeId): readonly RegistrationEntry[];
}
