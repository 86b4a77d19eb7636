import { Certificate } from '../../crypto/certificate.ts';
import { parsePublicKey } from '../../crypto/key.ts';
import type { AuthorityBundle, KeyAuthority, X509Authority } from '../../spiffe/authority-bundle.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import { Bundle, type BundleMask, type JWTKey, type X509Certificate } from '../gen/spire/api/types/bundle.ts';
import { inField, invalidMessage } from './conversion-error.ts';
import { ALL_BUNDLE_FIELDS } from './masks.ts';
import { secondsFromWire, secondsToWire } from './seconds.ts';

/** The masked fields of a bundle (all without a mask) and always its trust domain. */
export function bundleToWire(bundle: AuthorityBundle, mask: BundleMask = ALL_BUNDLE_FIELDS): Bundle {
  const wire = Bundle.create({ trustDomain: bundle.trustDomain.name });
  if (mask.x509Authorities) wire.x509Authorities = bundle.x509Authorities.map(x509AuthorityToWire);
  if (mask.jwtAuthorities) wire.jwtAuthorities = bundle.jwtAuthorities.map(keyAuthorityToWire);
  if (mask.witAuthorities) wire.witAuthorities = bundle.witAuthorities.map(keyAuthorityToWire);
  if (mask.refreshHint) wire.refreshHint = secondsToWire(bundle.refreshHintSeconds);
  if (mask.sequenceNumber) wire.sequenceNumber = bundle.sequenceNumber;
  return wire;
}

/**
 * A bundle with every certificate and key checked for its form. An X.509 authority of several certificates becomes
 * several authorities.
 *
 * @throws SpirekitError `invalid-argument`, with SPIRE's sentence up to the reason
 */
export function bundleFromWire(wire: Bundle | undefined): AuthorityBundle {
  if (wire === undefined) throw invalidMessage('no bundle provided');
  return {
    trustDomain: inField('invalid trust domain', () => TrustDomain.parse(wire.trustDomain)),
    x509Authorities: inField('unable to parse X.509 authority', () => x509AuthoritiesFromWire(wire.x509Authorities)),
    jwtAuthorities: inField('unable to parse JWT authority', () => keyAuthoritiesFromWire(wire.jwtAuthorities)),
    witAuthorities: inField('unable to parse WIT authority', () => keyAuthoritiesFromWire(wire.witAuthorities)),
    refreshHintSeconds: inField('invalid refresh hint', () => secondsFromWire(wire.refreshHint)),
    sequenceNumber: wire.sequenceNumber,
  };
}

/** An X.509 root. */
function x509AuthorityToWire({ certificate, tainted }: X509Authority): X509Certificate {
  return { asn1: certificate, tainted };
}

/** X.509 roots, one for each certificate, as copies that do not hold the message. @throws SpirekitError `invalid-certificate` */
export function x509AuthoritiesFromWire(wire: readonly X509Certificate[]): X509Authority[] {
  return wire.flatMap(({ asn1, tainted }) =>
    Certificate.parseAll(asn1).map(({ der }) => ({ certificate: new Uint8Array(der), tainted })),
  );
}

/** A key that verifies JWT-SVIDs or WIT-SVIDs; the two messages have the same fields. */
export function keyAuthorityToWire({ keyId, publicKey, expiresAtSeconds, tainted }: KeyAuthority): JWTKey {
  return { keyId, publicKey, expiresAt: secondsToWire(expiresAtSeconds), tainted };
}

/** Keys that verify JWT-SVIDs or WIT-SVIDs. @throws SpirekitError `invalid-key`, `invalid-argument` without a key id */
export function keyAuthoritiesFromWire(wire: readonly JWTKey[]): KeyAuthority[] {
  return wire.map(({ keyId, publicKey, expiresAt, tainted }) => {
    parsePublicKey(publicKey);
    if (keyId === '') throw invalidMessage('missing key ID');
    return { keyId, publicKey, expiresAtSeconds: secondsFromWire(expiresAt), tainted };
  });
}
