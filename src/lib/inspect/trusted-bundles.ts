import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificate.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import type { JwtBundleSource, X509BundleSource } from '../spiffe/bundle-source.ts';
import { SpiffeError } from '../spiffe/spiffe-error.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import type { BundleDocument, Document } from './document.ts';

/**
 * The bundles of several sources, each answering for its own trust domain alone. Authorities that several sources have of
 * one trust domain are put together: one may have X.509 authorities and another JWT keys.
 */
export class TrustedBundles implements X509BundleSource, JwtBundleSource {
  readonly #byName = new Map<
    string,
    { certificates: Map<string, Certificate>; keys: Map<string, KeyObject>; tainted: Set<string> }
  >();

  /**
   * @param documents what sources held; those that are no bundle do not count
   * @throws SpirekitError what a bundle could not be read with; `invalid-argument` for one of an unknown trust domain
   */
  constructor(documents: readonly Document[]) {
    for (const document of documents) {
      if (document.kind === 'unreadable') throw prefixed(document.name, document.error);
      if (document.kind === 'bundle') this.#add(document);
    }
  }

  get trustDomains(): readonly string[] {
    return [...this.#byName.keys()];
  }

  getX509Bundle(trustDomain: TrustDomain): readonly Certificate[] {
    const found = this.findX509Bundle(trustDomain);
    if (found !== undefined) return found;
    throw new SpiffeError('not-found', `no X.509 bundle for trust domain "${trustDomain.name}"`);
  }

  findX509Bundle(trustDomain: TrustDomain): readonly Certificate[] | undefined {
    return this.find(trustDomain.name);
  }

  /** The X.509 authorities of the trust domain with this name. */
  find(name: string): readonly Certificate[] | undefined {
    const found = this.#byName.get(name);
    return found && [...found.certificates.values()];
  }

  findJwtBundle(trustDomain: TrustDomain): ReadonlyMap<string, KeyObject> | undefined {
    return this.#byName.get(trustDomain.name)?.keys;
  }

  /** Whether a source says that this certificate is tainted. */
  isTainted(trustDomain: TrustDomain, certificate: Certificate): boolean {
    return this.#byName.get(trustDomain.name)?.tainted.has(idOf(certificate)) === true;
  }

  #add(document: BundleDocument): void {
    const { trustDomain } = document;
    if (trustDomain === undefined) {
      throw new SpirekitError(
        'invalid-argument',
        `the bundle ${document.name} does not say which trust domain it is of: write TRUST-DOMAIN=SOURCE`,
      );
    }
    const known = this.#byName.get(trustDomain.name) ?? {
      certificates: new Map(),
      keys: new Map(),
      tainted: new Set(),
    };
    this.#byName.set(trustDomain.name, known);
    for (const { certificate, isTainted } of document.x509Authorities) {
      known.certificates.set(idOf(certificate), certificate);
      if (isTainted) known.tainted.add(idOf(certificate));
    }
    for (const { keyId, key } of document.jwtAuthorities) known.keys.set(keyId, key);
  }
}

function idOf(certificate: Certificate): string {
  return Buffer.from(certificate.der).toString('latin1');
}
