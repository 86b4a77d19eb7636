import type { AttestedNode } from '../../spiffe/attested-node.ts';
import type { RegistrationEntry } from '../../spiffe/registration-entry.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/**
 * What changed in a datastore. `entry` and `node` are the stored value, or undefined once it is gone. `all` says that
 * anything may have: after a long time away from a database that other servers change too.
 */
export type DatastoreChange =
  | { readonly kind: 'entry'; readonly entryId: string; readonly entry: RegistrationEntry | undefined }
  | { readonly kind: 'node'; readonly spiffeId: string; readonly node: AttestedNode | undefined }
  | { readonly kind: 'bundle'; readonly trustDomain: TrustDomain }
  | { readonly kind: 'federation'; readonly trustDomain: TrustDomain }
  | { readonly kind: 'all' };

/** Called after the change is durable, in the order of the commits. It must neither throw nor wait. */
export type ChangeListener = (change: DatastoreChange) => void;

/** Tells of every change at once, those of other servers too, so that caches need no polling. */
export interface ChangeEvents {
  /** Returns the function that ends the subscription. */
  subscribe(listener: ChangeListener): () => void;
}
