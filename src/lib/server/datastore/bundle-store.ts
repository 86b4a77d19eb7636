import type { AuthorityBundle, AuthorityBundleField, KeyAuthority } from '../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Page, PageRequest } from './pagination.ts';

/** What happens to entries that federate with a trust domain whose bundle is deleted. */
export type BundleDeleteMode = 'restrict' | 'delete' | 'dissociate';

/** Trust bundles: the server's own and those of federated trust domains. */
export interface BundleStore {
  countBundles(): Promise<number>;
  listBundles(page?: PageRequest): Promise<Page<AuthorityBundle>>;
  findBundle(trustDomain: TrustDomain): Promise<AuthorityBundle | undefined>;
  /** Error: `already-exists`. */
  createBundle(bundle: AuthorityBundle): Promise<AuthorityBundle>;
  /** Creates or replaces. */
  setBundle(bundle: AuthorityBundle): Promise<AuthorityBundle>;
  /**
   * Creates or replaces, unless the stored bundle has a newer sequence number; one without a number (0) is never older.
   * Returns the bundle that is stored now.
   */
  advanceBundle(bundle: AuthorityBundle): Promise<AuthorityBundle>;
  /** Replaces the given fields (all when absent). Error: `not-found`. */
  updateBundle(bundle: AuthorityBundle, fields?: ReadonlySet<AuthorityBundleField>): Promise<AuthorityBundle>;
  /** Adds the authorities that are not there yet and raises the sequence number if any was; creates a missing bundle. */
  appendBundle(bundle: AuthorityBundle): Promise<AuthorityBundle>;
  /** Errors: `not-found`; `failed-precondition` when restricted by entries. */
  deleteBundle(trustDomain: TrustDomain, mode: BundleDeleteMode): Promise<void>;
  /**
   * Drops authorities that expired at or before the time in seconds and raises the sequence number. A kind whose
   * authorities all expired is left as it is: an outage needs the evidence. Returns whether anything changed.
   */
  pruneBundle(trustDomain: TrustDomain, expiredBeforeSeconds: number): Promise<boolean>;
}

/** Taint and revocation of the authorities of a stored bundle. Each raises the sequence number. */
export interface AuthorityStore {
  /** The authority is named by its subject key identifier in hex. Errors: `not-found`, `invalid-argument` (again). */
  taintX509Authority(trustDomain: TrustDomain, subjectKeyId: string): Promise<void>;
  /** Only a tainted authority can be revoked. Errors: `not-found`, `invalid-argument`. */
  revokeX509Authority(trustDomain: TrustDomain, subjectKeyId: string): Promise<void>;
  /** Errors: `not-found`, `invalid-argument`. */
  taintKeyAuthority(trustDomain: TrustDomain, kind: KeyAuthorityKind, keyId: string): Promise<KeyAuthority>;
  /** Errors: `not-found`, `invalid-argument`. */
  revokeKeyAuthority(trustDomain: TrustDomain, kind: KeyAuthorityKind, keyId: string): Promise<KeyAuthority>;
}

/** Which keys of a bundle: those of JWT-SVIDs or of WIT-SVIDs. */
export type KeyAuthorityKind = 'jwt' | 'wit';
