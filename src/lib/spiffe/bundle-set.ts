import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import type { Bundle } from './bundle.ts';
import type { JwtBundleSource, X509BundleSource } from './bundle-source.ts';
import { SpiffeError } from './spiffe-error.ts';
import type { TrustDomain } from './trust-domain.ts';

/** Bundles of several trust domains, each answering for its own only. Of two for one trust domain the later counts. */
export class BundleSet implements X509BundleSource, JwtBundleSource {
  readonly #bundles: ReadonlyMap<string, Bundle>;

  constructor(bundles: Iterable<Bundle>) {
    this.#bundles = new Map([...bundles].map((bundle) => [bundle.trustDomain.name, bundle]));
  }

  find(trustDomain: TrustDomain): Bundle | undefined {
    return this.#bundles.get(trustDomain.name);
  }

  getX509Bundle(trustDomain: TrustDomain): readonly Certificate[] {
    const bundle = this.find(trustDomain);
    if (bundle !== undefined) return bundle.x509Authorities;
    throw new SpiffeError('not-found', `no X.509 bundle for trust domain "${trustDomain.name}"`);
  }

  findJwtBundle(trustDomain: TrustDomain): ReadonlyMap<string, KeyObject> | undefined {
    return this.find(trustDomain)?.jwtAuthorities;
  }
}
