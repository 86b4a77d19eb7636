import type { AuthorityBundle } from '../../spiffe/authority-bundle.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Page, PageRequest } from './pagination.ts';

/** How the bundle endpoint of another trust domain proves itself. */
export type BundleEndpointProfile =
  | { readonly kind: 'https_web' }
  | { readonly kind: 'https_spiffe'; readonly endpointSpiffeId: SpiffeId };

/** Where the bundle of another trust domain comes from. The bundle itself is in the bundle store. */
export interface FederationRelationship {
  readonly trustDomain: TrustDomain;
  readonly bundleEndpointUrl: string;
  readonly profile: BundleEndpointProfile;
}

/** What an update of a relationship replaces. The bundle goes to the bundle store, in the same transaction. */
export interface FederationChanges {
  readonly bundleEndpointUrl?: string | undefined;
  readonly profile?: BundleEndpointProfile | undefined;
  readonly bundle?: AuthorityBundle | undefined;
}

/** Federation relationships that were made through the API. */
export interface FederationStore {
  listFederationRelationships(page?: PageRequest): Promise<Page<FederationRelationship>>;
  findFederationRelationship(trustDomain: TrustDomain): Promise<FederationRelationship | undefined>;
  /** Also creates or replaces the bundle of the trust domain if one is given. Error: `already-exists`. */
  createFederationRelationship(relationship: FederationRelationship, bundle?: AuthorityBundle): Promise<void>;
  /** Returns the relationship as it is now. Error: `not-found`. */
  updateFederationRelationship(trustDomain: TrustDomain, changes: FederationChanges): Promise<FederationRelationship>;
  /** The bundle of the trust domain stays. Error: `not-found`. */
  deleteFederationRelationship(trustDomain: TrustDomain): Promise<void>;
}
