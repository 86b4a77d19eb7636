import type { TrustDomain } from './trust-domain.ts';

/** An X.509 root of a trust bundle. */
export interface X509Authority {
  /** One certificate in DER. */
  readonly certificate: Uint8Array;
  /** What it signed must be replaced; it stays in the bundle until it is revoked. */
  readonly tainted: boolean;
}

/** A public key of a trust bundle that verifies JWT-SVIDs or WIT-SVIDs. */
export interface KeyAuthority {
  readonly keyId: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  /** Seconds since the Unix epoch; 0 means never. */
  readonly expiresAtSeconds: number;
  readonly tainted: boolean;
}

/**
 * A trust bundle as a server keeps it and serves it (spire.api.types.Bundle). It knows taint, expiry and WIT keys, which
 * the SPIFFE bundle document does not carry.
 */
export interface AuthorityBundle {
  readonly trustDomain: TrustDomain;
  readonly x509Authorities: readonly X509Authority[];
  readonly jwtAuthorities: readonly KeyAuthority[];
  readonly witAuthorities: readonly KeyAuthority[];
  /** How often consumers should ask again; 0 means not said. */
  readonly refreshHintSeconds: number;
  /** Grows with every change. */
  readonly sequenceNumber: bigint;
}

/** The fields of a bundle that an update replaces. */
export type AuthorityBundleField = Exclude<keyof AuthorityBundle, 'trustDomain'>;

/** A bundle that holds nothing yet. */
export function emptyAuthorityBundle(trustDomain: TrustDomain): AuthorityBundle {
  return {
    trustDomain,
    x509Authorities: [],
    jwtAuthorities: [],
    witAuthorities: [],
    refreshHintSeconds: 0,
    sequenceNumber: 0n,
  };
}
