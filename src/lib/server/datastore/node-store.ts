import type { AttestedNode } from '../../spiffe/attested-node.ts';
import type { Selector } from '../../spiffe/selector.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { SetMatch } from './entry-store.ts';
import type { Page, PageRequest } from './pagination.ts';

/** All given conditions must hold; an absent one filters nothing. */
export interface NodeFilter {
  readonly attestationType?: string | undefined;
  readonly banned?: boolean | undefined;
  readonly canReattest?: boolean | undefined;
  /** Seconds since the Unix epoch: nodes whose SVID ends before. */
  readonly expiresBeforeSeconds?: number | undefined;
  /** Seconds since the Unix epoch: nodes whose SVID ends later. */
  readonly validAtSeconds?: number | undefined;
  readonly selectors?: { readonly match: SetMatch; readonly values: readonly Selector[] } | undefined;
}

/** The fields of a node that an update replaces. */
export type NodeUpdate = Partial<
  Pick<
    AttestedNode,
    'serialNumber' | 'expiresAtSeconds' | 'newSerialNumber' | 'newExpiresAtSeconds' | 'canReattest' | 'agentVersion'
  >
>;

/** Attested nodes (agents) and their selectors. */
export interface NodeStore {
  countNodes(filter: NodeFilter): Promise<number>;
  listNodes(filter: NodeFilter, page?: PageRequest): Promise<Page<AttestedNode>>;
  findNode(spiffeId: SpiffeId): Promise<AttestedNode | undefined>;
  /**
   * Stores a first attestation, or replaces all that is known of a node which attested before, in one step; the join
   * token is used up in that step too. Errors: `permission-denied` for a banned node, which stays banned until it is
   * deleted; `failed-precondition` where the token is not there any more.
   */
  saveNode(node: AttestedNode, options?: { readonly joinToken?: string | undefined }): Promise<void>;
  /**
   * Replaces the given fields, or those that the function makes of the stored node in the same step (what it throws
   * changes nothing). Errors: `not-found`; `permission-denied` for a serial number for a banned node.
   */
  updateNode(spiffeId: SpiffeId, update: NodeUpdate | ((node: AttestedNode) => NodeUpdate)): Promise<AttestedNode>;
  /**
   * Forgets a node, its selectors and the entry that its join token brought with it (parent is the node, only selector
   * `spiffe_id:<node>`). Error: `not-found`.
   */
  deleteNode(spiffeId: SpiffeId): Promise<AttestedNode>;
  /**
   * Deletes nodes whose SVID ended before the time in seconds, those that ended first before the others and at most
   * `limit`; banned ones stay. Returns how many.
   */
  pruneNodes(
    expiredBeforeSeconds: number,
    options?: { readonly includeNonReattestable?: boolean; readonly limit?: number },
  ): Promise<number>;
}
