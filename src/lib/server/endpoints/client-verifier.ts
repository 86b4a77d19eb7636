import { Certificate } from '../../crypto/certificate.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { X509BundleSource } from '../../spiffe/bundle-source.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { getSpiffeId, verifyX509Svid } from '../../spiffe/x509-svid.ts';

/** Who may present a certificate, and what it is verified with. */
export interface ClientVerifierDeps {
  readonly trustDomain: TrustDomain;
  /** `admin_ids` and the IDs that the authorization policy lets in: these may be of other trust domains. */
  readonly adminIds: readonly SpiffeId[];
  readonly bundles: X509BundleSource;
  readonly clock: Clock;
}

/** More certificates than any real chain has. */
const LONGEST_CHAIN = 16;

/**
 * Makes the check of a client's chain (DER, leaf first) at the end of a TLS handshake. The leaf must name a member of
 * this trust domain, or one of the admins, and chain up to the bundle of the very trust domain it names: with one list of
 * authorities for all, a federated one could pose as an agent of ours.
 */
export function clientVerifier(deps: ClientVerifierDeps): (chainDer: readonly Uint8Array[]) => void {
  const admins = new Set(deps.adminIds.map(String));
  return (chainDer) => {
    if (chainDer.length > LONGEST_CHAIN) throw new SpirekitError('invalid-x509-svid', 'certificate chain is too long');
    const chain = chainDer.map((der) => Certificate.parse(der));
    const [leaf] = chain;
    if (leaf === undefined) throw new SpirekitError('invalid-x509-svid', 'no certificate was presented');
    const id = getSpiffeId(leaf);
    if (!id.isMemberOf(deps.trustDomain) && !admins.has(id.toString())) {
      throw new SpirekitError('permission-denied', `unexpected trust domain in ID ${JSON.stringify(id.toString())}`);
    }
    verifyX509Svid(chain, deps.bundles, { nowMs: deps.clock.nowMs() });
  };
}
