import type { Selector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/** What an agent knows about a registration entry that it serves: the fields it asks the server for. */
export interface AuthorizedEntry {
  readonly id: string;
  readonly spiffeId: SpiffeId;
  /** Never empty. */
  readonly selectors: readonly Selector[];
  readonly federatesWith: readonly TrustDomain[];
  readonly admin: boolean;
  readonly downstream: boolean;
  readonly revisionNumber: bigint;
  /** Seconds since the Unix epoch. With the revision it tells an entry from a later one of the same id. */
  readonly createdAtSeconds: bigint;
  /** Such SVIDs go to SVIDStore plugins only. */
  readonly storeSvid: boolean;
  readonly hint: string;
  /** No X509-SVID is made before a workload asks for one. */
  readonly disableX509SvidPrefetch: boolean;
  /** JWT-SVIDs have an ID of their own and are never taken from the cache. */
  readonly jwtSvidIncludeJti: boolean;
}

/** Orders by entry id, by UTF-16 code units: the order in which a workload sees its identities. */
export function compareEntries(a: Pick<AuthorizedEntry, 'id'>, b: Pick<AuthorizedEntry, 'id'>): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** Whether both are the same state of the same entry. */
export function isSameRevision(
  a: Pick<AuthorizedEntry, 'revisionNumber' | 'createdAtSeconds'>,
  b: Pick<AuthorizedEntry, 'revisionNumber' | 'createdAtSeconds'>,
): boolean {
  return a.revisionNumber === b.revisionNumber && a.createdAtSeconds === b.createdAtSeconds;
}
