import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import type { TrustDomain } from './trust-domain.ts';

/** Where the X.509 authorities of trust domains come from. */
export interface X509BundleSource {
  /** @throws SpiffeError `not-found` for a trust domain without a bundle */
  getX509Bundle(trustDomain: TrustDomain): readonly Certificate[];
}

/** Where the JWT authorities of trust domains come from. */
export interface JwtBundleSource {
  /** The public keys of the trust domain by key ID; undefined for a trust domain without a bundle. */
  findJwtBundle(trustDomain: TrustDomain): ReadonlyMap<string, KeyObject> | undefined;
}
