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

/** Federation relationships that were made through the API. */
export interface FederationStore {
  listFederationRelationships(page?: PageRequest): Promise<Page<FederationRelationship>>;
  findFederationRelationship(trustDomain: TrustDomain): Promise<FederationRelationship | undefined>;
  /** Error: `already-exists`. */
  createFederationRelationship(relationship: FederationRelationship): Promise<void>;
  /** Error: `not-found`. */
  updateFederationRelationship(relationship: FederationRelationship): Promise<void>;
  /** Error: `not-found`. */
  deleteFederationRelationship(trustDomain: TrustDomain): Promise<void>;
}
