import { Certificate } from '../crypto/certificate.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { AuthorityBundle } from './authority-bundle.ts';
import type { X509BundleSource } from './bundle-source.ts';
import type { SpiffeId } from './spiffe-id.ts';
import { verifyX509Svid } from './x509-svid.ts';

/**
 * Decides whether a chain (DER, leaf first) is that of a bundle endpoint of the profile `https_spiffe`: it must be an X509-SVID
 * with exactly this ID, by the bundle of the ID's own trust domain. What it returns throws `unauthenticated`, or what the
 * verification refuses the chain with.
 */
export function endpointVerifier(
  endpointId: SpiffeId,
  bundle: AuthorityBundle,
  nowMs: () => number,
): (chainDer: readonly Uint8Array[]) => void {
  const roots = bundle.x509Authorities.map(({ certificate }) => Certificate.parse(certificate));
  const source: X509BundleSource = {
    getX509Bundle: (trustDomain) => {
      if (trustDomain.equals(endpointId.trustDomain)) return roots;
      throw new SpirekitError('unauthenticated', `unexpected trust domain ${goQuote(trustDomain.name)}`);
    },
  };
  return (chainDer) => {
    const chain = chainDer.map((der) => Certificate.parse(der));
    const { id } = verifyX509Svid(chain, source, { nowMs: nowMs() });
    if (!id.equals(endpointId)) throw new SpirekitError('unauthenticated', `unexpected ID ${goQuote(id.toString())}`);
  };
}
