import type { Selector } from '../../../../spiffe/selector.ts';
import type { AuthorizedEntry } from '../../../cache/authorized-entry.ts';
import type { WorkloadUpdate } from '../../../cache/workload-update.ts';

/** What the agent knows about workloads, as the Workload API asks for it. */
export interface WorkloadIdentitySource {
  /**
   * What a workload gets to know, now and whenever it may have changed (the same may come twice), until the signal
   * aborts. With `needsSvids` the first update waits for the SVIDs. No identities in it means none granted.
   */
  subscribe(
    selectors: readonly Selector[],
    options: { readonly needsSvids: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<WorkloadUpdate>;
  /** What it gets to know now. */
  currentUpdate(selectors: readonly Selector[]): WorkloadUpdate;
  /** The entries whose selectors the workload has all of, in order of their ids. */
  matchingEntries(selectors: readonly Selector[]): readonly AuthorizedEntry[];
  /**
   * A JWT-SVID for an entry; `expiresAtMs` counts from the Unix epoch. Rejects when the server gives none and none is
   * in the cache.
   */
  fetchJwtSvid(
    entry: AuthorizedEntry,
    audience: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresAtMs: number }>;
}
